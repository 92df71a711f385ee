"""Figures of the time-saved ledger."""

from __future__ import annotations

from decimal import Decimal

from django import template

from deployments.proof.assumptions import in_words

register = template.Library()


@register.filter
def plain(value: Decimal, decimals: int | None = None) -> str:
    return in_words(value, decimals)
