"""Items that somebody wrote onto the agenda: changed and taken off until the meeting begins."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from deployments.models import AgendaItem, Meeting
from deployments.models.moves import InvalidMove
from deployments.services.deliberation import EditConflict
from deployments.services.meetings import add_item
from deployments.services.own_items import change_item, remove_item
from schools.models import AuditEvent
from tests import factories
from tests.committee.table import Committee, called, committee, opened, proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def own(group: Committee, meeting: Meeting) -> AgendaItem:
    return add_item(meeting, "Läsåret 27/28", group.secretary, text="Kalendern.")


def test_one_of_ones_own_is_changed_and_leaves_an_event(group: Committee) -> None:
    item = own(group, called(group))

    change_item(item, "Läsåret 2027/28", "Kalendern och loven.", 0, group.members[1])

    item.refresh_from_db()
    event = AuditEvent.objects.get(act="meeting.item_changed")
    assert (item.title, item.text, item.edition) == ("Läsåret 2027/28", "Kalendern och loven.", 1)
    assert event.before == {"item": "1. Läsåret 27/28", "text": "Kalendern."}


def test_one_that_is_taken_off_leaves_no_gap_and_an_event(group: Committee) -> None:
    meeting = called(group)
    item = own(group, meeting)
    proposal(group)

    remove_item(item, group.secretary)

    assert [(each.number, each.kind) for each in meeting.items.all()] == [(1, "proposal")]
    assert AuditEvent.objects.filter(act="meeting.item_removed").count() == 1


def test_what_the_portal_put_there_stays(group: Committee) -> None:
    proposal(group)
    item = called(group).items.get()

    with pytest.raises(ValidationError):
        remove_item(item, group.secretary)
    with pytest.raises(ValidationError):
        change_item(item, "Annat", "", 0, group.secretary)


def test_nothing_is_taken_off_once_the_meeting_has_begun(group: Committee) -> None:
    meeting = called(group)
    item = own(group, meeting)
    opened(group, meeting)

    with pytest.raises(InvalidMove):
        remove_item(item, group.secretary)
    with pytest.raises(InvalidMove):
        change_item(item, "Annat", "", 0, group.secretary)


def test_only_those_who_may_add_one(group: Committee) -> None:
    item = own(group, called(group))

    with pytest.raises(PermissionDenied):
        remove_item(item, factories.person("auditor"))


def test_the_second_of_two_who_write_sees_what_the_first_wrote(client: Client, group: Committee) -> None:
    meeting = called(group)
    item = own(group, meeting)
    change_item(item, "Annas rubrik", "", 0, group.chair)
    client.force_login(group.secretary)
    path = f"/meetings/{meeting.pk}/items/{item.pk}/change/"

    with pytest.raises(EditConflict):
        change_item(item, "Bertils rubrik", "", 0, group.secretary)
    answer = client.post(path, {"title": "Bertils rubrik", "text": "", "edition": 0})
    page = answer.content.decode()
    again = client.post(
        path, {"title": "Bådas rubrik", "text": "", "edition": answer.context["form"]["edition"].value()}
    )

    assert answer.status_code == 409
    assert "Annas rubrik" in page
    assert "Bertils rubrik" in page
    assert again.status_code == 302
    assert meeting.items.get().title == "Bådas rubrik"


def test_the_agenda_leads_to_it_until_the_meeting_begins(client: Client, group: Committee) -> None:
    meeting = called(group)
    item = own(group, meeting)
    path = f"/meetings/{meeting.pk}/items/{item.pk}/change/"
    client.force_login(group.secretary)
    before = client.get(meeting.get_absolute_url()).content.decode()
    client.post(path.replace("change", "remove"))

    assert path in before
    assert not meeting.items.exists()
