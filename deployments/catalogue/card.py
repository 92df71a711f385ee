"""A vetting card as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _

from deployments.models.catalogue import VettingCard


@dataclass(frozen=True)
class Fact:
    """`value` is empty while nobody has filled it in."""

    label: str
    value: str
    detail: str = ""


def facts(card: VettingCard | None) -> list[Fact]:
    """Every fact that a decision needs, in the card's order; none without a card."""
    return list(_facts(card)) if card else []


def _facts(card: VettingCard) -> Iterator[Fact]:
    def label(name: str) -> str:
        return str(VettingCard._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]

    yield Fact(label("personal_data"), card.get_personal_data_display())
    yield Fact(label("agreement"), card.get_agreement_display(), card.agreement_reference)
    yield Fact(label("assessment"), card.get_assessment_display())
    yield Fact(label("minimum_age"), _age(card.minimum_age))
    yield Fact(label("data_region"), card.get_data_region_display())
    yield Fact(label("accessibility"), card.get_accessibility_display())
    yield Fact(label("cost_note"), card.cost_note)
    yield Fact(label("valid_until"), formats.date_format(card.valid_until) if card.valid_until else "")


def _age(years: int | None) -> str:
    if years is None:
        return ""
    return _("%(years)s years") % {"years": years} if years else _("No limit")
