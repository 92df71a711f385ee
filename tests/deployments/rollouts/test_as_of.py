"""Each figure of a roll-out says as of when it holds: reports, sightings, and Intune's own reports apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from deployments.models import Rollout
from schools.models import School, User
from tests import factories as make
from tests.deployments.rollouts.test_pages import devices, page, signed_in, under_way
from tests.deployments.test_api import client_of

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r'class="figure[^"]*">(.*?)</a>', re.S)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def ago(**how_long: int) -> datetime:
    return (timezone.now() - timedelta(**how_long)).replace(microsecond=0)


@pytest.fixture
def row(admin: User) -> Rollout:
    """Of the five computers in its first ring one is done and one failed; of the others one has checked in."""
    found = under_way(admin, devices(20, last_check_in_at=ago(days=3)), shares=(25, 100))
    version = found.change_set.changes.get().app_version
    done, failed, heard, *_silent = [each.device for each in found.members.filter(ring__number=1).order_by("pk")]
    make.install_status(done, version, reported_at=ago(minutes=10))
    make.install_status(failed, version, "failed", error_code="0x1", reported_at=ago(minutes=20))
    type(heard).objects.filter(pk=heard.pk).update(last_check_in_at=ago(minutes=30))
    make.sync_run("devices", finished_at=ago(minutes=40))
    make.sync_run("install_status", started_at=ago(minutes=50), finished_at=ago(minutes=45))
    return found


def minutes(moment: str) -> int:
    return round((timezone.now() - datetime.fromisoformat(moment)).total_seconds() / 60)


def noted(html: str) -> dict[str, int]:
    """How many minutes old each figure is, by its status's words; those that say nothing are left out."""
    found = {}
    for words in FIGURE.findall(html):
        label = re.sub(r"<[^>]+>", "", words).strip().splitlines()[0]
        if moment := re.search(r'datetime="([^"]+)"', words):
            found[label] = minutes(moment[1])
    return found


def test_page_says_of_each_place_as_of_when_it_holds(admin: User, row: Rollout) -> None:
    shown = page(signed_in(admin), row)

    assert noted(shown) == {
        "Done": 10,
        "Failed": 20,
        "Waiting for the computer": 40,
        "Waiting for Intune": 50,
    }


def test_cause_says_when_it_was_last_reported(admin: User, row: Rollout) -> None:
    causes = page(signed_in(admin), row).partition('id="causes"')[2].partition("</section>")[0]

    [moment] = re.findall(r'datetime="([^"]+)"', causes)
    assert minutes(moment) == 20


def test_computer_that_waits_for_intune_is_listed_with_when_its_reports_were_read(admin: User, row: Rollout) -> None:
    listed = f"{reverse('deployments:rollout_computers', args=[row.pk])}?status=waiting_for_intune"

    shown = signed_in(admin).get(listed).content.decode()

    assert "Intune’s reports read" in shown
    assert 50 in map(minutes, re.findall(r'datetime="([^"]+)"', shown))


def test_api_says_the_same(admin: User, row: Rollout) -> None:
    said = client_of(admin).get(f"/api/v1/rollouts/{row.pk}/progress/").data

    places = {each["place"]: (each["computers"], each["as_of"] and minutes(each["as_of"])) for each in said["places"]}
    assert places == {
        "installed": (1, 10),
        "failed": (1, 20),
        "waiting_for_device": (2, 40),
        "waiting_for_intune": (1, 50),
        "unknown": (0, None),
        "not_applicable": (0, None),
        "later": (15, None),
    }
    assert said["total"] == 20


def test_api_tells_a_school_of_its_own_computers(admin: User) -> None:
    here: School = make.school()
    row = under_way(admin, [*devices(4, here), *devices(6)])

    assert client_of(make.person("school_it", here)).get(f"/api/v1/rollouts/{row.pk}/progress/").data["total"] == 4


def test_reading_that_lacked_an_app_does_not_count(admin: User, row: Rollout) -> None:
    make.sync_run("install_status", started_at=ago(minutes=5), counts={"apps": 3, "exports_failed": 1})
    assert noted(page(signed_in(admin), row))["Waiting for Intune"] == 50

    make.sync_run("install_status", started_at=ago(minutes=4), counts={"apps": 3, "exports_failed": 0})
    cache.clear()
    assert noted(page(signed_in(admin), row))["Waiting for Intune"] == 4
