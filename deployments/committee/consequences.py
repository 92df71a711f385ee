"""What the meeting's decisions so far would mean for the fleet, in figures and in the sentences of the minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.committee.specs import specs_of
from deployments.impact import Impact, impact_of
from deployments.models import AgendaItem, BaselineRevision, Meeting, Proposal
from deployments.models.proposals import CONTAINERS

A_GIGABYTE = 1_000_000_000
KEPT_SECONDS = 120
"""The fleet moves slowly against a meeting; a decision makes another key and so another answer at once."""


@dataclass(frozen=True)
class Consequences:
    """`coming` and `going` are names of applications; the impact is that of all granted proposals together."""

    coming: tuple[str, ...]
    going: tuple[str, ...]
    impact: Impact

    @property
    def gigabytes(self) -> float:
        return self.impact.download_bytes / A_GIGABYTE

    @property
    def computers_lacking(self) -> int:
        """Computers of models that lack disk or memory for something that comes."""
        return sum(lack.computers for lack in self.impact.models_lacking)


def granted_proposals(meeting: Meeting) -> list[Proposal]:
    """In the order of the agenda; one query."""
    items = meeting.items.filter(outcome=AgendaItem.Outcome.GRANTED, proposal__isnull=False)
    names = [f"proposal__{container}" for container in CONTAINERS]
    found = items.select_related("proposal__application", "proposal__replaces", "proposal__version", *names)
    return [item.proposal for item in found.order_by("number") if item.proposal]


def consequences_of(meeting: Meeting) -> Consequences:
    """Two queries when they were counted a moment ago, else about fifteen whatever the number of computers."""
    return _kept(granted_proposals(meeting), BaselineRevision.objects.active().first())


def impact_of_proposal(proposal: Proposal) -> Impact:
    """The one proposal on top of what is in force."""
    return _kept([proposal], BaselineRevision.objects.active().first()).impact


def _kept(proposals: list[Proposal], active: BaselineRevision | None) -> Consequences:
    key = hashlib.sha256(repr(([*map(_says, proposals)], active and active.pk)).encode()).hexdigest()
    found: Consequences | None = cache.get(f"consequences:{key}")
    if found is None:
        found = _counted(proposals, active)
        cache.set(f"consequences:{key}", found, KEPT_SECONDS)
    return found


def _says(proposal: Proposal) -> tuple[object, ...]:
    profile, former = proposal.profile, proposal.moved_from
    place = (profile.kind, getattr(profile, f"{profile.kind}_id"))
    given = (proposal.application_id, proposal.intent, proposal.version_id, proposal.replaces_id)
    return (proposal.kind, place, former and former.pk, *given)


def _counted(proposals: Iterable[Proposal], active: BaselineRevision | None) -> Consequences:
    rows = list(proposals)
    impact = impact_of(active, [spec for proposal in rows for spec in specs_of(proposal)])
    return Consequences(
        coming=tuple(each.application.name for each in impact.applications if each.gains),
        going=tuple(each.application.name for each in impact.applications if each.losses),
        impact=impact,
    )


def sentences(found: Consequences) -> Iterator[str]:
    """For the minutes."""
    impact = found.impact
    if found.coming:
        yield _("Applications that computers come to have: %(names)s.") % {"names": ", ".join(found.coming)}
    if found.going:
        yield _("Applications that computers no longer shall have: %(names)s.") % {"names": ", ".join(found.going)}
    if impact.computers:
        yield ngettext(
            "%(computers)s computer is concerned, with %(size)s GB to download in all.",
            "%(computers)s computers are concerned, with %(size)s GB to download in all.",
            impact.computers,
        ) % {"computers": _figure(impact.computers), "size": _figure(found.gigabytes, 1)}
    yield from map(str, impact.licences_short)
    if found.computers_lacking:
        yield ngettext(
            "%(computers)s computer lacks disk or memory for something that comes.",
            "%(computers)s computers lack disk or memory for something that comes.",
            found.computers_lacking,
        ) % {"computers": _figure(found.computers_lacking)}


def _figure(value: float, decimals: int = 0) -> str:
    return number_format(value, decimal_pos=decimals, use_l10n=True, force_grouping=True)
