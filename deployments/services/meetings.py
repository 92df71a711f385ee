"""A meeting of the committee up to the discussion: called, its agenda arranged, opened, and who is there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.committee import agenda
from deployments.models import AgendaItem, Application, Baseline, Meeting, Seat
from deployments.models.moves import InvalidMove
from deployments.notices import committee as notices
from schools import audit
from schools.models import User

Status = Meeting.Status
EDITABLE = (Status.PLANNED, Status.OPEN)


class NotKeeper(ValidationError):
    """Only the meeting's chair and its secretary may do this."""


@transaction.atomic
def call_meeting(
    baseline: Baseline,
    *,
    starts_at: datetime,
    chair: User,
    secretary: User,
    by: User,
    now: datetime,
    place: str = "",
) -> Meeting:
    """Plan a meeting, build its agenda and tell everybody concerned. Raises PermissionDenied, ValidationError."""
    require_permission(by)
    _check_keepers(chair, secretary)
    meeting = Meeting.objects.create(
        baseline=baseline, starts_at=starts_at, place=place.strip(), chair=chair, secretary=secretary
    )
    agenda.bring_up_to_date(meeting, now)
    after = {**as_row(meeting), "items": meeting.items.count()}
    audit.record("meeting.called", meeting, by=by, after=after)
    notices.tell_called(meeting, by)
    return meeting


def _check_keepers(chair: User | None, secretary: User | None) -> None:
    if chair is None or secretary is None:
        raise ValidationError(_("Say who chairs the meeting and who keeps the minutes."))
    if chair == secretary:
        raise ValidationError({"secretary": _("Somebody else than the chair has to keep the minutes.")})


@transaction.atomic
def change_meeting(meeting: Meeting, by: User, **columns: Any) -> Meeting:
    """Any of starts_at, place, chair, secretary (while planned), registration_number and secrecy (until it closes)."""
    require_permission(by)
    row = locked(meeting)
    require(row, *EDITABLE)
    before = as_row(row)
    if row.status == Status.OPEN:
        columns = {name: columns[name] for name in ("registration_number", "secrecy", "place") if name in columns}
    for name, value in columns.items():
        setattr(row, name, value)
    _check_keepers(row.chair, row.secretary)
    row.save(update_fields=list(columns))
    after = as_row(row)
    if after != before:
        audit.record("meeting.changed", row, by=by, before=before, after=after)
    if row.status == Status.PLANNED and after["starts_at"] != before["starts_at"]:
        notices.tell_called(row, by)
    return row


@transaction.atomic
def refresh_agenda(meeting: Meeting, by: User, now: datetime) -> int:
    """Bring in what has come since; how many items that were."""
    require_permission(by)
    row = locked(meeting)
    require(row, *EDITABLE)
    items = agenda.bring_up_to_date(row, now)
    if items:
        audit.record("meeting.agenda_refreshed", row, by=by, after={"items": len(items)})
    return len(items)


@transaction.atomic
def add_item(
    meeting: Meeting, title: str, by: User, *, text: str = "", application: Application | None = None
) -> AgendaItem:
    """An item of one's own, last on the agenda. Raises PermissionDenied, InvalidMove, ValidationError."""
    require_permission(by)
    row = locked(meeting)
    require(row, *EDITABLE)
    if not title.strip():
        raise ValidationError({"title": _("Say what the item is about.")})
    kind = AgendaItem.Kind.CONCERN if application else AgendaItem.Kind.INFORMATION
    item = AgendaItem.objects.create(
        meeting=row,
        number=row.items.count() + 1,
        kind=kind,
        title=title.strip(),
        text=text.strip(),
        application=application,
        added_by=by,
    )
    audit.record("meeting.item_added", row, by=by, after={"item": str(item)})
    return item


@transaction.atomic
def move_item(item: AgendaItem, to: int, by: User) -> AgendaItem:
    """Let the item have this number (or the nearest there is); the others make room."""
    require_permission(by)
    row = locked(item.meeting)
    require(row, *EDITABLE)
    items = list(row.items.order_by("number", "pk"))
    moved = next(each for each in items if each.pk == item.pk)
    before = moved.number
    items.remove(moved)
    items.insert(max(0, min(to, len(items) + 1) - 1), moved)
    for number, each in enumerate(items, 1):
        each.number = number
    AgendaItem.objects.bulk_update(items, ["number"])
    if moved.number != before:
        audit.record("meeting.item_moved", row, by=by, before={"item": before}, after={"item": str(moved)})
    return moved


@transaction.atomic
def open_meeting(meeting: Meeting, present: Iterable[Seat], by: User, now: datetime) -> Meeting:
    """Begin, with the agenda up to date and these seats taken. Raises NotKeeper, InvalidMove, ValidationError."""
    row = locked(meeting)
    require_keeper(row, by)
    require(row, Status.PLANNED)
    other = Meeting.objects.filter(baseline=row.baseline_id, status=Status.OPEN).first()
    if other is not None:
        raise ValidationError(_("Another meeting about %(semester)s is under way.") % {"semester": row.baseline})
    seats = _filled(present)
    agenda.bring_up_to_date(row, now)
    row.move_to(Status.OPEN, opened_at=now)
    row.present.set(seats)
    after = {"status": row.status, "present": sorted(seat.name for seat in seats)}
    audit.record("meeting.opened", row, by=by, before={"status": Status.PLANNED}, after=after)
    return row


@transaction.atomic
def mark_present(meeting: Meeting, present: Iterable[Seat], by: User) -> Meeting:
    """Who is in the room from now on; the votes of those who have left stand."""
    row = locked(meeting)
    require_keeper(row, by)
    require(row, Status.OPEN)
    seats, before = _filled(present), sorted(row.present.values_list("name", flat=True))
    row.present.set(seats)
    after = sorted(seat.name for seat in seats)
    if after != before:
        audit.record("meeting.presence_marked", row, by=by, before={"present": before}, after={"present": after})
    return row


def _filled(present: Iterable[Seat]) -> list[Seat]:
    seats = list(present)
    if empty := [seat.name for seat in seats if seat.holder_id is None]:
        raise ValidationError(_("Nobody holds the seat “%(seat)s”.") % {"seat": empty[0]})
    return seats


def locked(meeting: Meeting) -> Meeting:
    """The row as it is now, held until the transaction ends: all acts of one meeting wait in line here."""
    found = Meeting.objects.select_for_update(of=("self",)).select_related("baseline__semester", "chair", "secretary")
    return found.get(pk=meeting.pk)


def require(meeting: Meeting, *statuses: str) -> None:
    """Raises InvalidMove unless the meeting is in one of these states."""
    if meeting.status not in statuses:
        raise InvalidMove(meeting.status, meeting.get_status_display())


def keeps(meeting: Meeting, user: User) -> bool:
    return user.pk in (meeting.chair_id, meeting.secretary_id)


def require_keeper(meeting: Meeting, by: User) -> None:
    """Raises PermissionDenied, NotKeeper."""
    require_permission(by)
    if not keeps(meeting, by):
        raise NotKeeper(
            _("This is for the chair, %(chair)s, or the secretary, %(secretary)s.")
            % {"chair": meeting.chair, "secretary": meeting.secretary}
        )


def require_permission(by: User) -> None:
    if not by.has_perm("deployments.run_meeting"):
        raise PermissionDenied


def as_row(meeting: Meeting) -> dict[str, Any]:
    """For the audit trail."""
    return {
        "semester": str(meeting.baseline),
        "status": meeting.status,
        "starts_at": meeting.starts_at.isoformat(),
        "place": meeting.place,
        "chair": str(meeting.chair or ""),
        "secretary": str(meeting.secretary or ""),
        "registration_number": meeting.registration_number,
        "secrecy": meeting.secrecy,
    }
