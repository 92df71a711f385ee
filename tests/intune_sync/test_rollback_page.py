"""The page of a change that takes a roll-out back: it leads to the roll-out and shows how far the way back has come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import ChangeSet, Rollout
from schools.models import User
from tests import factories as make
from tests.deployments.rollouts.test_pages import devices, page, signed_in, under_way

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def taken_back(row: Rollout, status: str = "applied") -> ChangeSet:
    """Two hours ago, for the two computers of its first ring; one has said that the version is gone."""
    now = timezone.now()
    when = {"started_at": now - timedelta(hours=2)} if status == "applied" else {}
    back = make.change_set(status, requested_by=row.created_by, **when)
    version = row.change_set.changes.get().app_version
    written_at = now - timedelta(hours=2) if status == "applied" else None
    change = make.assignment_change(back, version, written_at=written_at)
    for place, member in enumerate(row.members.filter(ring__number=1)):
        make.change_target(change, member.device, "uninstall")
        if place == 0:
            make.install_status(member.device, version, "notInstalled", reported_at=now - timedelta(hours=1))
    Rollout.objects.filter(pk=row.pk).update(rollback=back)
    return back


def test_it_leads_to_the_roll_out_and_shows_the_curve_of_the_way_back(admin: User) -> None:
    row = under_way(admin, devices(10), shares=(20, 100))
    back = taken_back(row)

    shown = signed_in(admin).get(back.get_absolute_url())

    assert f'takes a roll-out back: <a href="{row.get_absolute_url()}">' in shown.content.decode()
    told, done, failed = (series.values for series in shown.context["curve"].chart.series)
    assert (told[-1], done[-1], failed[-1]) == (2, 1, 0)
    assert 'data-chart="curve"' in shown.content.decode()
    part = signed_in(admin).get(f"{back.get_absolute_url()}?seen=applied", headers={"HX-Request": "true"})
    assert 'data-chart="curve"' in part.content.decode()


def test_before_it_is_written_there_is_the_way_to_the_roll_out_and_no_curve(admin: User) -> None:
    row = under_way(admin, devices(10), shares=(20, 100))

    shown = page(signed_in(admin), taken_back(row, "planned"))

    assert row.get_absolute_url() in shown
    assert 'data-chart="curve"' not in shown


def test_any_other_change_says_nothing_of_it(admin: User) -> None:
    row = under_way(admin, devices(10), shares=(20, 100))

    assert "takes a roll-out back" not in page(signed_in(admin), row.change_set)
