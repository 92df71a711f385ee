"""Items of the agenda that somebody wrote: changed and taken off again until the meeting begins."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.committee import agenda
from deployments.models import AgendaItem, Meeting
from deployments.services.deliberation import EditConflict
from deployments.services.meetings import locked, require, require_permission
from schools import audit
from schools.models import User


@transaction.atomic
def change_item(item: AgendaItem, title: str, text: str, edition: int, by: User) -> AgendaItem:
    """By whoever may add one. Raises PermissionDenied, InvalidMove, EditConflict, ValidationError."""
    row = _own_item(item, by)
    if row.edition != edition:
        raise EditConflict(row)
    if not title.strip():
        raise ValidationError({"title": _("Say what the item is about.")})
    before, row.title, row.text = _as_row(row), title.strip(), text.strip()
    if _as_row(row) != before:
        row.edition += 1
        row.save(update_fields=["title", "text", "edition"])
        audit.record("meeting.item_changed", row.meeting, by=by, before=before, after=_as_row(row))
    return row


@transaction.atomic
def remove_item(item: AgendaItem, by: User) -> None:
    """The items after it move up. Raises PermissionDenied, InvalidMove, ValidationError."""
    row = _own_item(item, by)
    before = _as_row(row)
    row.delete()
    agenda.renumber(row.meeting)
    audit.record("meeting.item_removed", row.meeting, by=by, before=before)


def _own_item(item: AgendaItem, by: User) -> AgendaItem:
    require_permission(by)
    meeting = locked(item.meeting)
    require(meeting, Meeting.Status.PLANNED)
    row = meeting.items.get(pk=item.pk)
    row.meeting = meeting
    if row.added_by_id is None:
        raise ValidationError(_("The portal put the item on the agenda. It goes when its reason goes."))
    return row


def _as_row(item: AgendaItem) -> dict[str, str]:
    """For the audit trail."""
    return {"item": str(item), "text": item.text}
