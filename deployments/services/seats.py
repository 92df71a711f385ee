"""The committee's seats and who holds them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from deployments.models import Meeting, Seat
from schools import audit
from schools.models import Administration, User


@transaction.atomic
def put_seat(
    seat: Seat | None, *, name: str, administration: Administration | None, holder: User | None, by: User
) -> Seat:
    """A new seat, or what one is called and who holds it from now on. Closed minutes keep who held it then.

    Raises PermissionDenied, ValidationError for a name that another seat has.
    """
    if not by.has_perm("deployments.edit_seats"):
        raise PermissionDenied
    row = seat or Seat()
    before = as_row(Seat.objects.get(pk=seat.pk)) if seat else {}
    row.name, row.administration, row.holder = name.strip(), administration, holder
    row.full_clean()
    row.save()
    if holder is None:
        for meeting in Meeting.objects.filter(status=Meeting.Status.OPEN):
            meeting.present.remove(row)
    if as_row(row) != before:
        audit.record("seat.changed" if seat else "seat.added", row, by=by, before=before, after=as_row(row))
    return row


def as_row(seat: Seat) -> dict[str, Any]:
    return {
        "name": seat.name,
        "administration": str(seat.administration or ""),
        "holder": str(seat.holder or ""),
    }
