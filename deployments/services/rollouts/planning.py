"""Planning a roll-out: how it is to be carried out, and which computer is in which ring."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import ChangeSet, Ring, RingMember, Rollout
from deployments.models.moves import InvalidMove
from deployments.rollouts.candidates import candidates_of, computers_of, is_binding
from deployments.rollouts.drawing import AFTER_A_PILOT, ALL_AT_ONCE, DEFAULT_SHARES, DrawnRing, draw
from deployments.services.rollouts.acts import check_allowed, locked, require
from schools import audit
from schools.models import CalendarPeriod, School, User

Status, Strategy = Rollout.Status, Rollout.Strategy
STANDARD_SHARES = {
    Strategy.RINGS: DEFAULT_SHARES,
    Strategy.PILOT_SCHOOL: AFTER_A_PILOT,
    Strategy.ALL_AT_ONCE: ALL_AT_ONCE,
}
MOST_AT_ONCE = 100
"""More computers than this do not get something installed or removed all at once."""


@dataclass(frozen=True)
class Settings:
    """How a roll-out is to be carried out. `shares` empty: those that go with the strategy."""

    strategy: str = Strategy.RINGS
    shares: tuple[int, ...] = ()
    seed: int = 1
    least_per_model: int = 5
    soak_hours: int = 24
    min_sample: int = 20
    least_success: float = 0.95
    gate: str = Rollout.Gate.AUTOMATIC
    pilot_school: School | None = None
    starts_on: date | None = None
    starts_in: CalendarPeriod | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "shares"}


def settings_of(rollout: Rollout) -> Settings:
    """As they are now; the shares as they were asked for, a pilot school's own ring aside."""
    shares = list(rollout.rings.order_by("number").values_list("share", flat=True))
    if rollout.strategy == Strategy.PILOT_SCHOOL:
        shares = shares[1:]
    columns = {each.name: getattr(rollout, each.name) for each in fields(Settings) if each.name != "shares"}
    return Settings(shares=tuple(shares), **columns)


@transaction.atomic
def plan_rollout(change_set: ChangeSet, settings: Settings, *, by: User, now: datetime) -> Rollout:
    """Draw the rings of an approved change; nothing starts yet. One that was broken off before its start is planned
    again, with rings of its own. Raises InvalidMove, ValidationError by field."""
    check_allowed(by)
    former = Rollout.objects.filter(change_set=change_set)
    former.select_for_update(of=("self",)).first()  # before the change, as whoever breaks it off holds them
    held = ChangeSet.objects.select_for_update(of=("self",)).get(pk=change_set.pk)
    if held.status != ChangeSet.Status.APPROVED:
        raise InvalidMove(held.status, held.get_status_display())
    _check(held, settings, now)
    row = former.first() or Rollout(change_set=held, created_by=by)
    before = _reopened(row, by, now) if row.pk else {}
    for column, value in settings.columns.items():
        setattr(row, column, value)
    _check_columns(row, settings)
    row.save()
    drawn = _draw(row, settings, now)
    audit.record("rollout.planned", row, by=by, before=before, after=_said(row, drawn))
    return row


def _reopened(row: Rollout, by: User, now: datetime) -> dict[str, str]:
    """What it was. Raises ValidationError unless it was broken off before its start."""
    if not row.never_began:
        raise ValidationError(_("This change has a roll-out already. Change that one, or draw its rings anew."))
    before = {"status": str(row.status)}
    row.move_to(Status.PLANNED, created_by=by, created_at=now, started_by=None, ended_at=None)
    row.rings.all().delete()
    return before


@transaction.atomic
def redraw(rollout: Rollout, settings: Settings, *, by: User, now: datetime) -> Rollout:
    """Change how a planned roll-out is to be carried out, and draw its rings anew; computers that somebody moved are
    drawn with the others. The same settings draw the same rings."""
    check_allowed(by)
    row = locked(rollout)
    require(row, Status.PLANNED)
    _check(row.change_set, settings, now)
    before = {name: str(value) for name, value in settings_of(row).columns.items() if value is not None}
    for column, value in settings.columns.items():
        setattr(row, column, value)
    _check_columns(row, settings)
    row.save()
    row.rings.all().delete()
    drawn = _draw(row, settings, now)
    audit.record("rollout.drawn_anew", row, by=by, before=before, after=_said(row, drawn))
    return row


def _said(row: Rollout, drawn: list[DrawnRing]) -> dict[str, Any]:
    said = {name: str(value) for name, value in settings_of(row).columns.items() if value is not None}
    return said | {"computers": [len(ring.device_ids) for ring in drawn]}


def _check_columns(row: Rollout, settings: Settings) -> None:
    row.clean_fields(exclude={each.name for each in Rollout._meta.fields} - settings.columns.keys())


def _check(change_set: ChangeSet, settings: Settings, now: datetime) -> None:
    if settings.starts_on and settings.starts_on < timezone.localdate(now):
        raise ValidationError({"starts_on": _("That day has passed. Choose today or a later day.")})
    check_break(settings.starts_in, now)
    computers = computers_of(change_set)
    if settings.strategy == Strategy.PILOT_SCHOOL:
        if settings.pilot_school is None:
            raise ValidationError({"pilot_school": _("Choose the school that comes first.")})
        if not computers.filter(school=settings.pilot_school).exists():
            message = _("%(school)s has no computer in this change. Choose a school that has.")
            raise ValidationError({"pilot_school": message % {"school": settings.pilot_school}})
    elif settings.pilot_school is not None:
        raise ValidationError({"pilot_school": _("Only a roll-out with a pilot school first has one.")})


def check_break(period: CalendarPeriod | None, now: datetime) -> None:
    if period is None:
        return
    if period.kind != CalendarPeriod.Kind.BREAK:
        raise ValidationError({"starts_in": _("Choose a break of the school calendar.")})
    if period.ends_on < timezone.localdate(now):
        raise ValidationError({"starts_in": _("That break is over. Choose a coming one.")})


def _check_at_once(count: int) -> None:
    if count > MOST_AT_ONCE:
        message = ngettext(
            "It installs or removes software on %(count)s computer; at most %(most)s get that at once. Use rings.",
            "It installs or removes software on %(count)s computers; at most %(most)s get that at once. Use rings.",
            count,
        )
        raise ValidationError({"strategy": message % {"count": count, "most": MOST_AT_ONCE}})


def _draw(row: Rollout, settings: Settings, now: datetime) -> list[DrawnRing]:
    shares = STANDARD_SHARES[Strategy(settings.strategy)]
    if settings.shares and settings.strategy != Strategy.ALL_AT_ONCE:
        shares = settings.shares
    try:
        drawn = draw(
            candidates_of(row.change_set, now),
            seed=row.seed,
            shares=shares,
            least_per_model=row.least_per_model,
            pilot_school=row.pilot_school_id,
        )
    except ValueError:
        raise ValidationError(
            {"shares": _("Give rising percentages, the last one 100: for example 1, 10, 50, 100.")}
        ) from None
    sizes = [len(ring.device_ids) for ring in drawn if ring.device_ids]
    if len(sizes) == 1 and is_binding(row.change_set):
        _check_at_once(sizes[0])
    for number, ring in enumerate(drawn, 1):
        kept = Ring.objects.create(rollout=row, number=number, share=ring.share)
        members = (RingMember(rollout=row, ring=kept, device_id=device) for device in ring.device_ids)
        RingMember.objects.bulk_create(members, batch_size=5000)
    return drawn


@transaction.atomic
def move_computers(rollout: Rollout, devices: Collection[int], number: int, *, by: User) -> int:
    """Put computers into the ring with that number, while neither it nor theirs has opened. Returns how many moved."""
    check_allowed(by)
    row = locked(rollout)
    require(row, Status.PLANNED, Status.QUEUED, *Rollout.UNFINISHED)
    ring = row.rings.filter(number=number).first()
    if ring is None:
        raise ValidationError({"ring": _("The roll-out has no ring with that number.")})
    members = row.members.filter(device__in=devices)
    if members.count() != len(set(devices)):
        raise ValidationError(_("Some of these computers are not in this roll-out. Read the list again."))
    if ring.status != Ring.Status.PLANNED or members.exclude(ring__status=Ring.Status.PLANNED).exists():
        raise ValidationError(_("Only between rings that have not opened yet can computers be moved."))
    moving = members.exclude(ring=ring)
    before = {"computers": {str(number): ids for number, ids in _by_ring(moving).items()}}
    moved = moving.update(ring=ring)
    if moved:
        audit.record("rollout.computers_moved", row, by=by, before=before, after={"ring": ring.number, "count": moved})
    return moved


def _by_ring(members: Iterable[RingMember]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for member in members.select_related("ring").order_by("device"):  # type: ignore[attr-defined]
        found.setdefault(member.ring.number, []).append(member.device_id)
    return found
