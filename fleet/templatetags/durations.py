"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()
A_MINUTE = 60


@register.filter
def minutes(length: timedelta | None) -> str:
    """“41 minutes”; a dash where nothing is known."""
    if length is None:
        return "–"
    seconds = round(length.total_seconds())
    if seconds < A_MINUTE:
        return _("less than a minute") if seconds else _("no time")
    count = round(seconds / A_MINUTE)
    return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
