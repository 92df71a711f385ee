"""The semester's dates are told once to those who have to act."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.committee.announcing import announce
from schools.models import Notification
from schools.notifications.kinds import body_of, subject_of
from tests.committee.table import called, committee
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def told(kind: str) -> int:
    return Notification.objects.filter(kind=kind).count()


def test_the_opening_and_the_freeze_are_told_once_each() -> None:
    semester = committee().baseline.semester
    semester.proposals_open_on, semester.freeze_on = TODAY - timedelta(days=1), TODAY + timedelta(days=7)
    semester.save()

    announce(TODAY)
    announce(TODAY)

    assert (told("proposals.open"), told("proposals.closing")) == (4, 4)


def test_nothing_is_told_long_after_its_day() -> None:
    semester = committee().baseline.semester
    semester.proposals_open_on = TODAY - timedelta(days=30)
    semester.save()

    announce(TODAY)

    assert told("proposals.open") == 0


def test_the_day_before_the_meeting_everybody_who_goes_there_is_told() -> None:
    called(committee())

    announce(TODAY - timedelta(days=1))

    note = Notification.objects.filter(kind="meeting.tomorrow").first()
    assert told("meeting.tomorrow") == 4
    assert note is not None
    assert "HT 2027" in subject_of(note.kind, note.data)
    assert body_of(note.kind, note.data)
