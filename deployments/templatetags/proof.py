"""Figures of the time-saved ledger."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def plain(value: Decimal, decimals: int | None = None) -> str:
    """In the language's way, with as many decimals as are asked for or else as it has."""
    return str(number_format(value, decimals, use_l10n=True, force_grouping=True))
