"""Whether an application may be put to decision, and what its vetting card still lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.utils import formats
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import Application
from deployments.models.catalogue import VettingCard

ENDS_SOON = timedelta(days=60)
"""A card or licence that ends within this time is brought up: with its owner, and on the next meeting's agenda."""


class Vetting(StrEnum):
    """The state of an application's vetting card on a day; the same words filter the catalogue."""

    COMPLETE = "vetted"
    ENDING = "vetting_ending"
    EXPIRED = "vetting_expired"
    BLOCKED = "vetting_blocked"
    INCOMPLETE = "vetting_incomplete"

    @property
    def label(self) -> str:
        return str(LABELS[self])


LABELS = {
    Vetting.COMPLETE: gettext_lazy("Vetted"),
    Vetting.ENDING: gettext_lazy("Vetted, ends soon"),
    Vetting.EXPIRED: gettext_lazy("Vetting ended"),
    Vetting.BLOCKED: gettext_lazy("Cannot be decided"),
    Vetting.INCOMPLETE: gettext_lazy("Not vetted"),
}


@dataclass(frozen=True)
class Completeness:
    """How many of the card's facts are known; `missing` are the names of the others, for people."""

    filled: int
    total: int
    missing: tuple[str, ...]


def card_of(application: Application) -> VettingCard | None:
    try:
        return application.vetting_card
    except ObjectDoesNotExist:
        return None


def may_be_decided(application: Application, on: date) -> list[str]:
    """Why the application may not be put to decision that day, in sentences; empty when it may."""
    card = card_of(application)
    if card is None:
        return [_("%(application)s has no vetting card yet.") % {"application": application}]
    return list(_reasons(application, card, on))


def _reasons(application: Application, card: VettingCard, on: date) -> Iterator[str]:
    if missing := completeness(card).missing:
        said = {"application": application, "facts": get_text_list(list(missing), _("and"))}
        yield _("The vetting card of %(application)s lacks: %(facts)s.") % said
    if card.agreement == VettingCard.Agreement.MISSING:
        yield _("%(application)s needs a data processing agreement that is not signed.") % {"application": application}
    if card.assessment == VettingCard.Assessment.MISSING:
        yield _("%(application)s needs an impact assessment that is not made.") % {"application": application}
    if card.valid_until and card.valid_until < on:
        said = {"application": application, "day": formats.date_format(card.valid_until)}
        yield _("The vetting of %(application)s ended on %(day)s.") % said


def completeness(card: VettingCard | None) -> Completeness:
    missing = VettingCard.NEEDED if card is None else card.missing()
    names = tuple(str(VettingCard._meta.get_field(name).verbose_name) for name in missing)  # type: ignore[union-attr]
    total = len(VettingCard.NEEDED)
    return Completeness(total - len(names), total, names)


def vetting(card: VettingCard | None, on: date) -> Vetting:
    if card is None or card.missing():
        return Vetting.INCOMPLETE
    if card.valid_until is not None and card.valid_until < on:
        return Vetting.EXPIRED
    if not card.allows_decision(on):
        return Vetting.BLOCKED
    return Vetting.ENDING if card.valid_until and card.valid_until <= on + ENDS_SOON else Vetting.COMPLETE


def in_state(state: Vetting, on: date) -> Q:
    """The applications that `vetting` says this of."""
    missing = Q(vetting_card=None)
    for name in VettingCard.NEEDED:
        missing |= Q(**{f"vetting_card__{name}__isnull": True})
        if name not in ("minimum_age", "valid_until"):
            missing |= Q(**{f"vetting_card__{name}": ""})
    expired = Q(vetting_card__valid_until__lt=on)
    blocked = Q(vetting_card__agreement=VettingCard.Agreement.MISSING)
    blocked |= Q(vetting_card__assessment=VettingCard.Assessment.MISSING)
    ending = Q(vetting_card__valid_until__lte=on + ENDS_SOON)
    return {
        Vetting.INCOMPLETE: missing,
        Vetting.EXPIRED: ~missing & expired,
        Vetting.BLOCKED: ~missing & ~expired & blocked,
        Vetting.ENDING: ~missing & ~expired & ~blocked & ending,
        Vetting.COMPLETE: ~missing & ~expired & ~blocked & ~ending,
    }[state]
