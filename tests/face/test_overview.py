"""The overview answers each role: what needs me, what is under way, how are things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from config.overview import Overview
from deployments.models import ChangeSet
from fleet.models import Condition
from intune_sync.models import SyncRun, UnmatchedRecord
from schools.models import RoleAssignment, User
from tests import factories

pytestmark = pytest.mark.django_db

Budget = Callable[[int], Any]


def overview(user: User) -> Overview:
    client = Client()
    client.force_login(user)
    answer = client.get("/")
    assert answer.status_code == 200
    shown: Overview = answer.context["overview"]
    return shown


def planned(by: User, **columns: Any) -> ChangeSet:
    row = {"status": "planned", "plan_hash": "a" * 64, "planned_at": timezone.now(), **columns}
    return ChangeSet.objects.create(revision=factories.revision("decided"), requested_by=by, **row)


def finished_run(resource: str, status: str) -> SyncRun:
    return SyncRun.objects.create(resource=resource, trigger="schedule", status=status, finished_at=timezone.now())


def addresses(shown: Overview) -> list[str]:
    return [item.url for item in shown.items or ()]


def test_change_of_a_colleague_waits_for_me_and_my_own_does_not() -> None:
    me, colleague = factories.person("it_admin"), factories.person("it_admin")
    change = planned(colleague)

    assert change.get_absolute_url() in addresses(overview(me))
    assert addresses(overview(colleague)) == []
    assert [each.change for each in overview(colleague).under_way or ()] == [change]


def test_auditor_is_not_asked_to_approve() -> None:
    planned(factories.person("it_admin"))

    assert addresses(overview(factories.person("auditor"))) == []


@pytest.mark.parametrize("status", ["failed", "unsafe", "abandoned"])
def test_troubled_synchronisation_needs_somebody_until_the_next_goes_well(status: str) -> None:
    it = factories.person("it_admin")
    finished_run("devices", status)
    assert len(overview(it).items or ()) == 1

    finished_run("devices", "no_changes")

    assert overview(it).items == []


def test_records_without_computer_are_told_of_with_their_number() -> None:
    finished_run("devices", "changed")
    for number in range(3):
        UnmatchedRecord.objects.create(
            resource="devices",
            graph_id=str(number),
            reason="no_serial",
            first_seen_at=timezone.now(),
            last_seen_at=timezone.now(),
        )

    [item] = overview(factories.person("it_admin")).items or ()

    assert "3" in item.title


def test_figures_count_what_their_lists_hold() -> None:
    it, place = factories.person("it_admin"), factories.school()
    for days in (0, 0, 30):
        factories.device(place, last_check_in_at=timezone.now() - timedelta(days=days))
    client = Client()
    client.force_login(it)

    for figure in overview(it).figures:
        assert client.get(figure.url).context["count"] == figure.count


def test_school_staff_see_their_own_school_and_no_synchronisation() -> None:
    here, there = factories.school(), factories.school()
    factories.device(here, last_check_in_at=timezone.now())
    factories.device(there, last_check_in_at=timezone.now())
    finished_run("devices", "failed")

    shown = overview(factories.person("school_it", here))

    assert shown.fleet is not None
    assert shown.fleet.count(Condition.IN_ORDER) == shown.fleet.total == 1
    assert shown.items == []


def test_people_of_schools_have_the_way_to_each_of_theirs() -> None:
    first, second, other = factories.school("Almskolan"), factories.school("Björkskolan"), factories.school()
    teacher = factories.person("teacher", second)
    RoleAssignment.objects.create(user=teacher, role="teacher", school=first)

    assert overview(teacher).schools == [first, second]
    assert other not in overview(teacher).schools
    assert overview(factories.person("it_admin")).schools == []


@pytest.mark.parametrize("role", ["teacher", "committee"])
def test_reader_sees_the_revision_in_force_with_its_applications(role: str) -> None:
    revision = factories.revision("active")
    factories.entry(revision, factories.municipality(), factories.application())
    user = factories.person(role, factories.school() if role == "teacher" else None)

    shown = overview(user)

    assert (shown.revision, shown.revision.applications) == (revision, 1)  # type: ignore[union-attr]
    assert shown.fleet is None


@pytest.mark.parametrize("role", ["supplier", ""])
def test_person_without_anything_to_see_gets_an_explanation(role: str) -> None:
    client = Client()
    client.force_login(factories.person(role))

    html = client.get("/").content

    assert b"empty-state" in html
    assert b"freshness" not in html


def test_first_time_teaches_and_ends_with_the_first_reading() -> None:
    it = factories.person("it_admin")
    assert overview(it).is_first_time

    finished_run("devices", "no_changes")

    assert not overview(it).is_first_time


def cold_queries(user: User, django_assert_max_num_queries: Budget) -> int:
    client = Client()
    client.force_login(user)
    cache.clear()
    with django_assert_max_num_queries(9) as spent:
        assert client.get("/").status_code == 200
    return len(spent)


@pytest.mark.parametrize("role", ["it_admin", "auditor", "school_it", "approver", "teacher", "committee", "supplier"])
def test_overview_costs_the_same_with_one_and_with_twenty(role: str, django_assert_max_num_queries: Budget) -> None:
    factories.municipality()
    place = factories.school()
    at = place if role in {"school_it", "approver", "teacher"} else None
    user, it, other = factories.person(role, at), factories.person("it_admin"), factories.person("it_admin")
    started = {"status": "applied", "approved_by": other, "approved_hash": "a" * 64, "started_at": timezone.now()}
    change = planned(it, applied_at=timezone.now(), **started)
    concerned = factories.assignment_change(change)
    factories.change_target(concerned, factories.device(place))
    one = cold_queries(user, django_assert_max_num_queries)

    for number in range(19):
        computer = factories.device(place, os_version=f"10.0.{number}.1")
        factories.change_target(concerned, computer)
        planned(it)
        finished_run("devices", "failed")

    assert cold_queries(user, django_assert_max_num_queries) == one


def test_running_work_is_fetched_again_as_a_part() -> None:
    it = factories.person("it_admin")
    client = Client()
    client.force_login(it)

    html = client.get("/", headers={"HX-Request": "true"}).content

    assert html.lstrip().startswith(b'<div class="columns" id="work"')
