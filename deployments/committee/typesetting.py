"""The minutes as a tagged PDF (PDF/UA-1). The same minutes and signatures give the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from deployments.models import Meeting

SHEET = Path(__file__).with_name("minutes.typ")


def minutes_pdf(meeting: Meeting) -> bytes:
    """Of a closed meeting, in the municipality's language; about 0.1 s. Only typst's own fonts are used, and the only
    time in it is when the meeting closed. One query."""
    with translation.override(settings.LANGUAGE_CODE):
        data = _data(meeting)
    return bytes(
        typst.compile(
            str(SHEET),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=int(meeting.closed_at.timestamp()) if meeting.closed_at else 0,
        )
    )


def title_of(meeting: Meeting) -> str:
    return _("Minutes of %(committee)s about %(semester)s") % {
        "committee": meeting.minutes.get("committee", settings.COMMITTEE_NAME),
        "semester": meeting.minutes.get("semester", meeting.baseline),
    }


def _data(meeting: Meeting) -> dict[str, Any]:
    assert meeting.closed_at is not None  # a constraint of the database
    closed = timezone.localtime(meeting.closed_at)
    signatures = meeting.sign_offs.select_related("user").order_by("at", "pk")
    return {
        "title": title_of(meeting),
        "language": settings.LANGUAGE_CODE[:2],
        "date": [closed.year, closed.month, closed.day],
        "hash": meeting.minutes_hash,
        "minutes": meeting.minutes,
        "signatures": [
            {
                "person": str(each.user),
                "at": formats.date_format(timezone.localtime(each.at), "DATETIME_FORMAT"),
            }
            for each in signatures
        ],
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "meeting": _("Meeting"),
        "time": _("Time"),
        "place": _("Place"),
        "number": _("Registration number"),
        "secrecy": _("Secrecy"),
        "chair": _("Chair"),
        "secretary": _("Secretary"),
        "present": _("Present"),
        "absent": _("Absent"),
        "discussion": _("Discussion"),
        "decision": _("Decision"),
        "reservation": _("Reservation"),
        "consequences": _("What the decisions mean"),
        "signatures": _("Signed by"),
        "unsigned": _("The minutes are not signed yet."),
        "hash": _("Checksum of the text"),
    }
