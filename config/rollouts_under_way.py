"""Roll-outs on the overview: which need the person who looks, and how far the others have come. Read with their
changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from config.attention import Item
from deployments.models import BaselineRevision, CalendarOverride, ChangeSet, GateReading, Ring, RingMember, Rollout
from deployments.rollouts.words import explain
from schools.models import User
from schools.status import look

Status, Verdict = Rollout.Status, GateReading.Verdict
OPEN_NOW = [Ring.Status.OPENING, Ring.Status.OPEN]
SHOWN = [*Rollout.NOT_STARTED, *Rollout.UNFINISHED]


@dataclass(frozen=True)
class RolloutUnderWay:
    """`ring` is the number of the one that is open, of `rings`; `told` of `total` computers have got it."""

    rollout: Rollout
    revision: BaselineRevision
    ring: int | None
    rings: int
    told: int
    total: int


def with_rollouts(changes: QuerySet[ChangeSet], user: User) -> QuerySet[ChangeSet]:
    """Each change with its roll-out, `ring` (the open one's number), `ring_count`, `told`, `total`, `verdict` of the
    open ring, and who asks for an exception, from the calendar (`asked_by`) or so that it is written at once
    (`asked_at_once_by`); None when nobody does."""
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    members = RingMember.objects.filter(mine, rollout__change_set=OuterRef("pk"))
    rings = Ring.objects.filter(rollout__change_set=OuterRef("pk"))
    readings = GateReading.objects.filter(ring__rollout__change_set=OuterRef("pk"), ring__status=Ring.Status.OPEN)
    asked = CalendarOverride.objects.filter(change_set=OuterRef("pk"), approved_at=None)
    at_once = asked.filter(kind=CalendarOverride.Kind.AT_ONCE, approval_at=OuterRef("approved_at"))
    return changes.select_related("rollout").annotate(
        ring=Subquery(rings.filter(status__in=OPEN_NOW).order_by("number").values("number")[:1]),
        ring_count=_count(rings),
        told=_count(members.filter(written_at__isnull=False)),
        total=_count(members),
        verdict=Subquery(readings.order_by("-pk").values("verdict")[:1]),
        asked_by=Subquery(asked.filter(kind=CalendarOverride.Kind.CALENDAR).values("requested_by")[:1]),
        asked_at_once_by=Subquery(at_once.values("requested_by")[:1]),
    )


def of_rollouts(changes: Iterable[ChangeSet], user: User) -> list[ChangeSet]:
    """Those whose roll-out has not ended and is for this person's eyes."""
    sees_all = user.access.reads_all("deployments.view_changeset")
    found = [change for change in changes if hasattr(change, "rollout") and change.rollout.status in SHOWN]
    return [change for change in found if sees_all or change.rollout.started_at]


def _count(rows: QuerySet[Ring] | QuerySet[RingMember]) -> Coalesce:
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def under_way(changes: Iterable[ChangeSet]) -> list[RolloutUnderWay]:
    found = [(each, vars(each)) for each in changes if each.rollout.status != Status.PLANNED]
    return [
        RolloutUnderWay(each.rollout, each.revision, said["ring"], said["ring_count"], said["told"], said["total"])
        for each, said in found
    ]


def about_rollouts(changes: Iterable[ChangeSet], user: User) -> Iterator[Item]:
    """One line for each that waits for somebody with this person's rights."""
    if not user.has_perm("deployments.run_rollout"):
        return
    for change in changes:
        row, said = change.rollout, vars(change)
        words = {"rollout": row, "ring": said["ring"]}
        if row.status == Status.HALTED:
            title, tone = _("%(rollout)s has stopped by itself") % words, "bad"
            yield _item(row, title, explain(row.halt_code, row.halt_data), tone, row.halted_at)
        elif row.status == Status.PLANNED:
            title = _("%(rollout)s is planned and can be started") % words
            yield _item(row, title, str(change.revision), "wait", row.created_at)
        elif row.status == Status.RUNNING and said["verdict"] == Verdict.PASS and row.gate == Rollout.Gate.BY_HAND:
            title = _("Ring %(ring)s of %(rollout)s can be let through") % words
            yield _item(row, title, _("Its computers have reported, and enough of them succeed."), "wait")
        elif row.status == Status.RUNNING and said["verdict"] == Verdict.BELOW:
            title = _("%(rollout)s does not go on by itself: too few succeed") % words
            yield _item(
                row, title, _("Look at the failures, and let the ring through, roll back or break off."), "warn"
            )
        if said["asked_by"] not in (None, user.pk):
            title = _("%(rollout)s asks for an exception from the calendar") % words
            yield _item(row, title, _("Two people let it start in a freeze or in lessons."), "warn")


def _item(row: Rollout, title: str, text: str, tone: str, moment: datetime | None = None) -> Item:
    icon = look(row.status).icon if tone == "bad" else "circles"
    return Item(title, text, row.get_absolute_url(), icon, tone, moment)
