"""The minutes of a meeting: their text, frozen when it closes, and the hash that two people sign."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from deployments.committee.tally import tally
from deployments.models import AgendaItem, Meeting, Seat, Vote
from schools.models import Municipality


def minutes_of(meeting: Meeting, closed_at: datetime, consequences: Iterable[str] = ()) -> dict[str, Any]:
    """Everything the minutes say, as plain text in the municipality's language. The same rows give the same minutes.

    Six queries.
    """
    with translation.override(settings.LANGUAGE_CODE):
        seats = list(Seat.objects.select_related("administration", "holder").order_by("name"))
        present = set(meeting.present.values_list("pk", flat=True))
        items = meeting.items.select_related("decision").prefetch_related("votes__seat__holder").order_by("number")
        return {
            "municipality": str(Municipality.objects.first() or ""),
            "committee": settings.COMMITTEE_NAME,
            "semester": str(meeting.baseline),
            "place": meeting.place,
            "opened": _moment(meeting.opened_at or meeting.starts_at),
            "closed": _moment(closed_at),
            "registration_number": meeting.registration_number,
            "secrecy": meeting.secrecy,
            "chair": str(meeting.chair),
            "secretary": str(meeting.secretary),
            "present": [_seat(seat) for seat in seats if seat.pk in present],
            "absent": [_seat(seat) for seat in seats if seat.pk not in present and seat.holder],
            "items": [_item(item, meeting) for item in items],
            "consequences": list(consequences),
        }


def minutes_hash(minutes: dict[str, Any]) -> str:
    """SHA-256 of the minutes as canonical JSON."""
    return hashlib.sha256(canonical(minutes).encode()).hexdigest()


def canonical(minutes: dict[str, Any]) -> str:
    return json.dumps(minutes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _seat(seat: Seat) -> dict[str, str]:
    return {
        "seat": seat.name,
        "person": str(seat.holder or ""),
        "administration": seat.administration.name if seat.administration else "",
    }


def _item(item: AgendaItem, meeting: Meeting) -> dict[str, Any]:
    votes = sorted(item.votes.all(), key=lambda vote: vote.seat.name)
    return {
        "number": item.number,
        "kind": item.get_kind_display(),
        "title": item.title,
        "text": item.text,
        "note": item.note,
        "outcome": item.get_outcome_display(),
        "decided": item.decided_at is not None and item.outcome != AgendaItem.Outcome.NOTED,
        "result": _result(votes, meeting),
        "votes": [
            {"seat": vote.seat.name, "person": str(vote.seat.holder or ""), "vote": vote.get_choice_display()}
            for vote in votes
        ],
        "reservations": [
            {"seat": vote.seat.name, "person": str(vote.seat.holder or ""), "text": vote.reservation}
            for vote in votes
            if vote.reservation
        ],
    }


def _result(votes: list[Vote], meeting: Meeting) -> str:
    """How the seats voted, in a sentence; empty when nobody asked for a vote."""
    if not votes:
        return ""
    counted = tally(votes, meeting.chair_id)
    said = _("%(for)s voted for, %(against)s against, %(abstain)s abstained.") % {
        "for": counted.in_favour,
        "against": counted.against,
        "abstain": counted.abstaining,
    }
    return f"{said} {_('The chair’s vote decided.')}" if counted.is_tie else said


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
