"""What the seats think of a proposal before the meeting, so that the discussion can begin where they differ."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import AgendaItem, Meeting, Proposal, Seat, Stance
from deployments.models.moves import InvalidMove
from schools import audit
from schools.models import User


@transaction.atomic
def take_stance(proposal: Proposal, seat: Seat, choice: str, text: str, by: User) -> Stance | None:
    """For a seat of one's own, until the meeting begins; "" takes it back.

    Raises PermissionDenied, InvalidMove once the proposal is decided, ValidationError.
    """
    if seat.holder_id != by.pk or not by.access.reads("deployments.view_meeting"):
        raise PermissionDenied(_("Only whoever holds the seat may note what it thinks."))
    row = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    _require_before_the_meeting(row)
    found = Stance.objects.filter(proposal=row, seat=seat).first()
    before = _as_row(found) if found else {}
    if choice == "":
        if found:
            found.delete()
            audit.record("proposal.stance_withdrawn", row, by=by, before=before)
        return None
    if choice not in Stance.Choice.values:
        raise ValidationError({"choice": _("Choose what the seat leans towards.")})
    found = found or Stance(proposal=row, seat=seat)
    found.user, found.choice, found.text = by, choice, text.strip()
    if _as_row(found) != before:
        found.save()
        audit.record("proposal.stance_taken", row, by=by, before=before, after=_as_row(found))
    return found


def _require_before_the_meeting(proposal: Proposal) -> None:
    if proposal.status not in (Proposal.Status.OPEN, Proposal.Status.TABLED):
        raise InvalidMove(proposal.status, proposal.get_status_display())
    if is_discussed(proposal):
        raise ValidationError(_("The meeting has begun. Say it there."))


def is_discussed(proposal: Proposal) -> bool:
    """Whether it is before a meeting that is under way."""
    return AgendaItem.objects.filter(proposal=proposal, meeting__status=Meeting.Status.OPEN).exists()


def _as_row(stance: Stance) -> dict[str, str]:
    """For the audit trail."""
    return {"seat": stance.seat.name, "stance": stance.choice, "text": stance.text}
