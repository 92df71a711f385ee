"""Who hears what of a change, from its plan to its end."""

from __future__ import annotations

import pytest

from deployments.models import ChangeSet
from deployments.services import changes
from schools.models import Notification, User
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def requester() -> User:
    return factories.person("it_admin")


@pytest.fixture
def other() -> User:
    return factories.person("it_admin")


def told() -> list[tuple[User, str, bool]]:
    return [(row.user, row.kind, row.is_urgent) for row in Notification.objects.order_by("id")]


def plan(change_set: ChangeSet, plan_hash: str = "b" * 64) -> None:
    changes.record_plan(change_set, {"changes": []}, plan_hash, [], by=None, now=NOW)


def test_planned_change_waits_for_the_other_administrators(requester: User, other: User) -> None:
    change_set = factories.change_set("draft", requested_by=requester)
    factories.person("school_it", factories.school())

    plan(change_set)
    plan(change_set)

    assert told() == [(other, "changeset.planned", True)]


def test_new_plan_is_a_new_episode(requester: User, other: User) -> None:
    change_set = factories.change_set("draft", requested_by=requester)

    plan(change_set)
    plan(change_set, "c" * 64)

    assert [row.user for row in Notification.objects.all()] == [other, other]


def test_requester_hears_of_the_approval(requester: User, other: User) -> None:
    change_set = factories.change_set("planned", requested_by=requester)

    changes.approve(change_set, change_set.plan_hash, by=other, now=NOW)

    assert told() == [(requester, "changeset.approved", False)]


def test_requester_hears_why_it_was_refused(requester: User, other: User) -> None:
    changes.reject(factories.change_set("planned", requested_by=requester), "Fel skola", by=other)

    assert told() == [(requester, "changeset.rejected", False)]
    assert "Fel skola" in Notification.objects.get().body


def test_who_refuses_their_own_hears_nothing_of_it(requester: User) -> None:
    changes.reject(factories.change_set("planned", requested_by=requester), "Jag ändrade mig", by=requester)

    assert told() == []


@pytest.mark.parametrize(("written", "kind"), [(NOW, "changeset.applied"), (None, "changeset.failed")])
def test_requester_hears_how_writing_ended(written: object, kind: str, requester: User) -> None:
    change_set = factories.change_set("applying", requested_by=requester, started_at=NOW)
    factories.assignment_change(change_set, written_at=written)

    changes.finish(change_set, NOW)

    assert told() == [(requester, kind, written is None)]
