"""One item at the meeting: what was said, how the seats voted, and the outcome. Nobody's words overwrite another's."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.catalogue.vetting import may_be_decided
from deployments.committee.quorum import Quorum, quorum
from deployments.committee.tally import tally
from deployments.models import AgendaItem, Meeting, Proposal, Seat, Vote
from deployments.models.moves import InvalidMove
from deployments.services.meetings import keeps, locked, require, require_keeper
from schools import audit
from schools.models import User

Kind, Outcome = AgendaItem.Kind, AgendaItem.Outcome
OUTCOMES: dict[str, tuple[AgendaItem.Outcome, ...]] = {
    Kind.PROPOSAL: (Outcome.GRANTED, Outcome.REJECTED, Outcome.RETURNED, Outcome.TABLED),
    Kind.REQUEST: (Outcome.GRANTED, Outcome.REJECTED, Outcome.RETURNED, Outcome.TABLED),
    Kind.CONCERN: (Outcome.NOTED, Outcome.GRANTED, Outcome.REJECTED, Outcome.TABLED),
    Kind.INFORMATION: (Outcome.NOTED, Outcome.GRANTED, Outcome.REJECTED, Outcome.TABLED),
}
"""By kind of item, what the meeting may say of it."""


class EditConflict(ValidationError):
    """Somebody else changed the item since it was read: nothing is written. `item` is as it is now."""

    def __init__(self, item: AgendaItem) -> None:
        self.item = item
        self.status = item.meeting.status
        super().__init__(_("Somebody else has changed this item since you opened it. Nothing of yours is saved yet."))


class NoQuorum(ValidationError):
    """Too few are present to decide."""


@transaction.atomic
def write_note(item: AgendaItem, text: str, edition: int, by: User) -> AgendaItem:
    """The discussion in the words of the minutes. Raises EditConflict, InvalidMove, PermissionDenied."""
    row = _at_the_meeting(item, by)
    if row.edition != edition:
        if row.note == text.strip():
            return row
        raise EditConflict(row)
    if row.note == text.strip():
        return row
    before, row.note = row.note, text.strip()
    _save(row, "note")
    audit.record("meeting.note_written", row, by=by, before={"note": before}, after={"note": row.note})
    return row


@transaction.atomic
def vote(item: AgendaItem, seat: Seat, choice: str, by: User, *, seen: str | None = None) -> Vote | None:
    """A seat's vote, by whoever holds it or by those who keep the minutes; "" takes it back.

    `seen` is what the seat's vote was when the page was read (None: do not compare); another one by now raises
    EditConflict. Raises InvalidMove once the item has an outcome, ValidationError for a seat that is not present.
    """
    row = _at_the_meeting(item, by)
    _require_voice(row, seat, by)
    _require_undecided(row)
    if not row.meeting.present.filter(pk=seat.pk).exists():
        raise ValidationError(_("“%(seat)s” is not marked as present.") % {"seat": seat})
    found = Vote.objects.filter(item=row, seat=seat).first()
    before = found.choice if found else ""
    if seen is not None and before not in (seen, choice):
        raise EditConflict(row)
    if choice == "":
        if found:
            found.delete()
            audit.record("meeting.vote_withdrawn", row, by=by, before={"seat": seat.name, "vote": before})
        return None
    if choice not in Vote.Choice.values:
        raise ValidationError({"choice": _("Choose for, against or abstains.")})
    found = found or Vote(item=row, seat=seat)
    found.choice = choice
    found.save()
    after = {"seat": seat.name, "vote": choice}
    audit.record("meeting.voted", row, by=by, before={"seat": seat.name, "vote": before}, after=after)
    return found


@transaction.atomic
def reserve(item: AgendaItem, seat: Seat, text: str, by: User, *, seen: str | None = None) -> Vote:
    """A seat's reservation against the outcome, before or after it; empty text takes it back. `seen` as in `vote`.

    Raises ValidationError for a seat that has not voted, EditConflict, InvalidMove, PermissionDenied.
    """
    row = _at_the_meeting(item, by)
    _require_voice(row, seat, by)
    found = Vote.objects.filter(item=row, seat=seat).first()
    if found is None:
        raise ValidationError({"seat": _("A seat that has not voted cannot make a reservation.")})
    text = text.strip()
    if seen is not None and found.reservation not in (seen.strip(), text):
        raise EditConflict(row)
    if found.reservation == text:
        return found
    before, found.reservation = found.reservation, text
    found.save(update_fields=["reservation", "at"])
    said = {"seat": seat.name, "reservation": text}
    audit.record("meeting.reserved", row, by=by, before={"seat": seat.name, "reservation": before}, after=said)
    return found


def _require_voice(row: AgendaItem, seat: Seat, by: User) -> None:
    if seat.holder_id != by.pk and not keeps(row.meeting, by):
        raise PermissionDenied(_("Only whoever holds the seat, or those who keep the minutes, may give its vote."))


@transaction.atomic
def decide(item: AgendaItem, outcome: str, edition: int, by: User, now: datetime) -> AgendaItem:
    """The chair's finding. It needs a quorum, follows the votes, and grants only what may be put to decision.

    Raises NotKeeper, EditConflict, InvalidMove, NoQuorum, ValidationError.
    """
    row = _at_the_meeting(item, by)
    require_keeper(row.meeting, by)
    if row.edition != edition:
        raise EditConflict(row)
    _require_undecided(row)
    if outcome not in OUTCOMES[row.kind]:
        raise ValidationError({"outcome": _("That is no outcome for an item of this kind.")})
    if not quorum_of(row.meeting).holds:
        raise NoQuorum(
            _("The meeting has no quorum: more than half of each administration's seats have to be present.")
        )
    _check_votes(row, outcome)
    if outcome == Outcome.GRANTED:
        _check_may_be_granted(row, timezone.localdate(now))
    row.outcome, row.decided_at = outcome, now
    _save(row, "outcome", "decided_at")
    audit.record("meeting.item_decided", row, by=by, after={"outcome": outcome})
    return row


def _check_votes(row: AgendaItem, outcome: str) -> None:
    counted = tally(row.votes.select_related("seat"), row.meeting.chair_id)
    if counted.allows(outcome):
        return
    if counted.is_tie and not counted.verdict:
        raise ValidationError(_("As many are for as against, so the chair has to vote."))
    raise ValidationError(
        _("The outcome has to follow the votes: %(for)s for, %(against)s against.")
        % {"for": counted.in_favour, "against": counted.against}
    )


def _check_may_be_granted(row: AgendaItem, on: date) -> None:
    if row.kind == Kind.REQUEST and row.application is None:
        raise ValidationError(_("The request names no application of the catalogue yet."))
    takes_away = row.proposal is not None and row.proposal.kind == Proposal.Kind.REMOVE
    needs_vetting = row.kind in (Kind.PROPOSAL, Kind.REQUEST) and not takes_away
    if row.application is not None and needs_vetting and (reasons := may_be_decided(row.application, on)):
        raise ValidationError(reasons)


@transaction.atomic
def reopen_item(item: AgendaItem, edition: int, by: User) -> AgendaItem:
    """Take the outcome back while the meeting is open, so that the item can be discussed and voted on again."""
    row = _at_the_meeting(item, by)
    require_keeper(row.meeting, by)
    if row.edition != edition:
        raise EditConflict(row)
    before = row.outcome
    if not before:
        return row
    row.outcome, row.decided_at = "", None
    _save(row, "outcome", "decided_at")
    audit.record("meeting.item_reopened", row, by=by, before={"outcome": before})
    return row


def quorum_of(meeting: Meeting) -> Quorum:
    """Two queries."""
    present = set(meeting.present.values_list("pk", flat=True))
    return quorum(Seat.objects.select_related("administration"), present)


def _at_the_meeting(item: AgendaItem, by: User) -> AgendaItem:
    """The item as it is now; its meeting is locked, so that editions and votes are compared one act at a time."""
    meeting = locked(item.meeting)
    if not by.has_perm("deployments.run_meeting"):
        raise PermissionDenied
    require(meeting, Meeting.Status.OPEN)
    row = meeting.items.select_related("application", "proposal").get(pk=item.pk)
    row.meeting = meeting
    return row


def _require_undecided(row: AgendaItem) -> None:
    if row.outcome:
        raise InvalidMove(row.outcome, row.get_outcome_display())


def _save(row: AgendaItem, *columns: str) -> None:
    row.edition += 1
    row.save(update_fields=[*columns, "edition"])
