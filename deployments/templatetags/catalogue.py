"""How the catalogue's pages say what Intune calls things."""

from __future__ import annotations

from django import template

from deployments.app_types import type_name

register = template.Library()
register.filter("app_type", type_name)
