"""From a decision to the computers: its entries, the changes that carry it out, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from deployments.differences import Place, entries_visible_to, place_of, reading_order
from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, ChangeTarget, Decision
from deployments.status import DeviceStatus, holding_back, with_status
from schools.models import User

MOST_CHANGES = 3


@dataclass(frozen=True)
class Carried:
    """One change set, as far as it is about the decision's applications: `calls` to Graph, one for each app object,
    and how many of them are `written` and read back."""

    change_set: ChangeSet
    calls: int
    written: int
    counts: Mapping[str, int]

    @property
    def computers(self) -> int:
        return sum(self.counts.values())

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Code, words and count of each state that some computer is in."""
        return [(s.value, str(s.label), self.counts[s]) for s in DeviceStatus if self.counts.get(s)]


@dataclass(frozen=True)
class Decided:
    """An entry as the decision put it; `holds` while the active revision still says so by this decision."""

    entry: BaselineEntry
    holds: bool


def decisions_visible_to(user: User) -> QuerySet[Decision]:
    """All for municipality-wide readers; a school's people see the committee's, those without a school, and its own."""
    permission = "deployments.view_baseline"
    if not user.access.reads(permission):
        return Decision.objects.none()
    if user.access.reads_all(permission):
        return Decision.objects.all()
    return Decision.objects.filter(Q(school=None) | Q(school__in=user.access.school_ids(permission)))


def entries_by(decision: Decision, user: User) -> list[Decided]:
    """As the first revision has them that this person may see. Two queries."""
    first = BaselineRevision.objects.visible_to(user).filter(entries__decision=decision).order_by("pk").values("pk")[:1]
    entries = sorted(entries_visible_to(user).filter(decision=decision, revision__in=first), key=reading_order)
    holding = places_in_force(decision)
    return [Decided(entry, place_of(entry) in holding) for entry in entries]


def places_in_force(decision: Decision) -> set[Place]:
    active = BaselineEntry.objects.filter(decision=decision, revision__status=BaselineRevision.Status.ACTIVE)
    return set(active.values_list("profile_id", "application_id"))


def changes_of(decision: Decision, user: User) -> list[Carried]:
    """Those made for it and those of the first revision that has its entries, the latest first. Three queries each."""
    if not user.access.reads("deployments.view_changeset"):
        return []
    first = BaselineRevision.objects.filter(entries__decision=decision).order_by("pk").values("pk")[:1]
    found = ChangeSet.objects.visible_to(user).filter(Q(decision=decision) | Q(revision__in=first))
    rows = found.select_related("revision__baseline__semester").defer("plan").order_by("-pk")[:MOST_CHANGES]
    return [_carried(row, decision, user) for row in rows]


def _carried(change_set: ChangeSet, decision: Decision, user: User) -> Carried:
    parts = change_set.changes.filter(app_version__application__in=decision.entries.values("application"))
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    targets = ChangeTarget.objects.filter(mine, change__in=parts)
    computers = with_status(targets.filter(pk__in=holding_back(targets).values("pk")))
    calls = parts.order_by().aggregate(all=Count("pk"), written=Count("pk", filter=Q(written_at__isnull=False)))
    counts = dict(computers.order_by().values_list("status").annotate(Count("pk")))
    return Carried(change_set, calls["all"], calls["written"], counts)
