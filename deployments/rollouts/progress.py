"""How far a roll-out has come: by ring, school and model. Counts and the lists under them come from one queryset."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import ChangeTarget, Rollout
from deployments.rollouts.gate import Tally
from deployments.rollouts.readings import GONE, HAVE_REPORTED
from deployments.status import DeviceStatus, holding_back, with_status
from fleet.models.hardware import model_name
from schools.models import School, User

LATER = "later"
PLACES = (
    DeviceStatus.INSTALLED,
    DeviceStatus.FAILED,
    DeviceStatus.WAITING_FOR_DEVICE,
    DeviceStatus.WAITING_FOR_INTUNE,
    DeviceStatus.UNKNOWN,
    DeviceStatus.NOT_APPLICABLE,
    LATER,
)
"""Where a computer can be on its way: the six statuses of a change, and that its turn has not come."""
SILENT_AFTER = timedelta(days=7)
UNKNOWN = 0
"""Stands in addresses for "nobody knows which school"."""
IS_LOST = GONE & ~Q(place__in=[LATER, *HAVE_REPORTED, DeviceStatus.NOT_APPLICABLE])
"""Of a row of `computers`: nobody expects a report of it."""


def place_label(place: str, rollout: Rollout) -> str | Promise:
    if place != LATER:
        return DeviceStatus(place).label
    has_ended = rollout.status in (Rollout.Status.ABORTED, Rollout.Status.ROLLED_BACK)
    return _("Not reached") if has_ended else _("Waiting for its turn")


@dataclass(frozen=True)
class Narrowing:
    """What a list of computers is narrowed to; None narrows nothing. `ring` is a number, `school` may be UNKNOWN."""

    ring: int | None = None
    place: str | None = None
    school: int | None = None
    model: int | None = None
    version: int | None = None
    error: str | None = None
    detail: str | None = None
    is_silent: bool = False
    text: str = ""


def computers(rollout: Rollout, user: User, now: datetime, by: Narrowing | None = None) -> QuerySet[Any]:
    """Each computer of the roll-out that this person may see, by the target that holds it back.

    Annotates what `with_status` does, and `ring_number`, `released_at`, `place` (one of PLACES) and `is_silent`.
    """
    by = by or Narrowing()
    targets = _targets(rollout, user, by)
    once = with_status(ChangeTarget.objects.filter(pk__in=holding_back(targets).values("pk")))
    is_later = Q(ring_member__released_at=None, change__written_at=None)
    found: QuerySet[Any] = once.annotate(
        ring_number=F("ring_member__ring__number"),
        released_at=F("ring_member__released_at"),
        place=Case(When(is_later, then=Value(LATER)), default=F("status"), output_field=CharField()),
        is_silent=Case(When(_not_seen_since(now - SILENT_AFTER), then=Value(True)), default=Value(False)),
    )
    if by.ring is not None:
        found = found.filter(ring_number=by.ring)
    if by.place is not None:
        found = found.filter(place=by.place)
    return found.filter(is_silent=True) if by.is_silent else found


def _not_seen_since(moment: datetime) -> Q:
    return Q(device__last_check_in_at=None) | Q(device__last_check_in_at__lt=moment)


def _targets(rollout: Rollout, user: User, by: Narrowing) -> QuerySet[ChangeTarget]:
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    found = ChangeTarget.objects.filter(mine, change__change_set=rollout.change_set_id)
    if by.school is not None:
        found = found.filter(device__school=by.school or None)
    if by.model is not None:
        found = found.filter(device__hardware_model=by.model)
    if by.text:
        found = found.filter(Q(device__observed_name__icontains=by.text) | Q(device__serial_number__icontains=by.text))
    if by.version is not None:
        found = found.filter(Exists(_failures(rollout, by)))
    return found


def _failures(rollout: Rollout, by: Narrowing) -> QuerySet[Any]:
    """That the computer failed with the version, from this cause."""
    same = ChangeTarget.objects.filter(
        device=OuterRef("device"), change__change_set=rollout.change_set_id, change__app_version=by.version
    )
    failed = with_status(same).filter(status=DeviceStatus.FAILED)
    if by.error is not None:
        failed = failed.filter(error_code=by.error, detail=by.detail or "")
    return failed


@dataclass(frozen=True)
class Share:
    """A ring's, a school's or a model's computers by place. `lost` are those of them whose turn has come and that are
    gone without having reported."""

    key: int
    name: str
    counts: Mapping[str, int]
    by_ring: Mapping[int, int]
    lost: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def told(self) -> int:
        """Those whose turn has come."""
        return self.total - self.counts.get(LATER, 0)

    @property
    def done(self) -> int:
        return self.counts.get(DeviceStatus.INSTALLED, 0)

    @property
    def tally(self) -> Tally:
        """As a gate counts them: computers that nothing applies to are left out, and lost ones."""
        failed = self.counts.get(DeviceStatus.FAILED, 0)
        left_out = self.counts.get(DeviceStatus.NOT_APPLICABLE, 0) + self.lost
        return Tally(self.done, failed, self.told - self.done - failed - left_out)


@dataclass
class _Counts:
    places: Counter[str] = field(default_factory=Counter)
    rings: Counter[int] = field(default_factory=Counter)
    lost: int = 0


@dataclass(frozen=True)
class Progress:
    """`whole` holds every computer once; `silent` are those of it that wait for the computer and are not seen lately.

    `latest` are the latest reports that came after Intune was told, by place. `places` are the schools as the calendar
    wants them.
    """

    whole: Share
    rings: Mapping[int, Share]
    schools: tuple[Share, ...]
    models: tuple[Share, ...]
    silent: int
    latest: Mapping[str, datetime]
    places: tuple[School, ...] = ()

    @property
    def as_of(self) -> datetime | None:
        return max(self.latest.values(), default=None)


def progress(rollout: Rollout, user: User, now: datetime) -> Progress:
    """One query."""
    school = ("device__school", "device__school__name", "device__school__school_form", "device__school__administration")
    model = ("device__hardware_model",)
    made_by = ("device__hardware_model__manufacturer", "device__hardware_model__name")
    latest = Max("reported_at", filter=Q(reported_at__gte=F("confirmed_at")))
    rows = computers(rollout, user, now).order_by().values_list(
        "ring_number", "place", "is_silent", *school, *model, *made_by
    ).annotate(count=Count("pk"), lost=Count("pk", filter=IS_LOST), latest=latest)  # fmt: skip
    whole, silent, reports = _Counts(), 0, dict[str, datetime]()
    rings: dict[int, _Counts] = defaultdict(_Counts)
    schools: dict[tuple[int, str], _Counts] = defaultdict(_Counts)
    models: dict[tuple[int, str], _Counts] = defaultdict(_Counts)
    places: dict[int, School] = {}
    for (
        ring,
        place,
        is_silent,
        school_id,
        school_name,
        form,
        administration,
        model_id,
        maker,
        name,
        count,
        lost,
        seen,
    ) in rows:
        if school_id:
            places[school_id] = School(pk=school_id, school_form_id=form, administration_id=administration)
        at, of = (school_id or UNKNOWN, school_name or ""), (model_id, model_name(maker, name))
        for counts in (whole, rings[ring or 0], schools[at], models[of]):
            counts.places[place] += count
            counts.rings[ring or 0] += count
            counts.lost += lost
        silent += count if is_silent and place == DeviceStatus.WAITING_FOR_DEVICE else 0
        if seen:
            reports[place] = max(seen, reports.get(place, seen))
    return Progress(
        whole=Share(0, "", whole.places, whole.rings, whole.lost),
        rings={number: Share(number, "", found.places, found.rings, found.lost) for number, found in rings.items()},
        schools=_shares(schools.items()),
        models=_shares(models.items()),
        silent=silent,
        latest=reports,
        places=tuple(places.values()),
    )


def _shares(found: Iterable[tuple[tuple[int, str], _Counts]]) -> tuple[Share, ...]:
    """By name; without a name last."""
    shares = [Share(key, name, counts.places, counts.rings, counts.lost) for (key, name), counts in found]
    return tuple(sorted(shares, key=lambda each: (not each.name, each.name.casefold())))
