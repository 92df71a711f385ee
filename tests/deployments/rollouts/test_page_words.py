"""What the page of a roll-out says of the apps that it is about, and of a roll-out that has stopped or ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deployments.models import ChangeSet, Rollout
from deployments.services import rollouts
from schools.models import User
from tests.deployments.rollouts.factories import report
from tests.deployments.rollouts.test_pages import admin, client, devices, page, under_way  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db


def stopped(admin: User) -> Rollout:  # noqa: F811
    row = under_way(admin, devices(40), shares=(50, 100))
    report(row.rings.get(number=1), timezone.now(), failing=lambda device: True)
    rollouts.advance(timezone.now())
    row.refresh_from_db()
    assert row.status == "halted"
    return row


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["GIMP 3"], "It concerns GIMP 3."),
        (["A", "B", "C", "D"], "It concerns A, B, C, D."),
        (["A", "B", "C", "D", "E"], "It concerns A, B, C and 2 more."),
    ],
)
def test_apps_are_named_whatever_the_state(client: Client, admin: User, names: list[str], said: str) -> None:  # noqa: F811
    row = under_way(admin, devices())
    plan = {"changes": [{"name": name} for name in names]}
    ChangeSet.objects.filter(pk=row.change_set_id).update(plan=plan)

    assert said in page(client, row)


def test_gate_of_a_stopped_ring_waits_for_no_more_reports(client: Client, admin: User) -> None:  # noqa: F811
    shown = page(client, stopped(admin))

    assert "20 have reported." in shown
    assert "of at least" not in shown


def test_rolling_back_comes_first_when_it_has_stopped(client: Client, admin: User) -> None:  # noqa: F811
    shown = page(client, stopped(admin))

    assert shown.index("Prepare rolling back") < shown.index("Accept and go on") < shown.index("Break off the roll-out")


def test_rings_of_a_roll_out_that_has_ended_are_neither_watched_nor_to_come(client: Client, admin: User) -> None:  # noqa: F811
    row = stopped(admin)
    rollouts.abort(row, by=admin, reason="Kraschar", now=timezone.now() + timedelta(minutes=1))

    steps = client.get(row.get_absolute_url()).context["steps"]
    shown = page(client, row)

    assert [step.state[0] for step in steps] == ["aborted", "later"]
    assert "Open, being watched" not in shown
    assert "Not opened yet" not in shown
    assert 'aria-current="step"' not in shown
