from datetime import date, timedelta

import pytest
from django.utils import translation

from deployments.services.reminders import remind
from schools.models import Notification
from schools.notifications.kinds import body_of, subject_of
from tests import factories as make

pytestmark = pytest.mark.django_db

LAST_DAY = date(2027, 6, 30)


def a_card(owner=None):
    application = make.application("GeoGebra", owner=owner)
    make.app_version(application)
    return make.vetting_card(application, valid_until=LAST_DAY)


def told(days_before: int) -> int:
    """How many more notifications there are after that day's run."""
    before = Notification.objects.count()
    remind(LAST_DAY - timedelta(days=days_before))
    return Notification.objects.count() - before


def test_each_stage_is_told_once() -> None:
    make.person("it_admin")
    a_card()

    assert [told(days) for days in (61, 60, 59, 15, 14, 13, 1, 0, -1, -2)] == [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]


def test_owner_and_it_administrators_are_told_once_each() -> None:
    admin = make.person("it_admin")
    a_card(owner=admin)
    make.person("teacher", make.school())

    assert told(60) == 1


def test_day_that_was_missed_is_caught_up() -> None:
    make.person("it_admin")
    a_card()

    assert told(40) == 1


def test_what_ended_long_ago_is_not_told() -> None:
    make.person("it_admin")
    a_card()

    assert told(-31) == 0


def test_licence_that_is_renewed_is_not_told() -> None:
    make.person("it_admin")
    ending, renewed = make.application("Ending"), make.application("Renewed")
    for application in (ending, renewed):
        make.licence_pool(application, ends_on=LAST_DAY)
    make.licence_pool(renewed, ends_on=LAST_DAY + timedelta(days=365))

    assert told(60) == 1
    assert Notification.objects.get().data["application"] == "Ending"


def test_notification_says_what_ends_and_when() -> None:
    make.person("it_admin")
    a_card()
    told(60)

    row = Notification.objects.get()
    with translation.override("en"):
        assert subject_of(row.kind, row.data) == "The vetting of GeoGebra ends on 2027-06-30"
        assert "Without a valid card" in body_of(row.kind, row.data)
