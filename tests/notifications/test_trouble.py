"""What IT hears of synchronisation: each trouble once, and nothing that mends itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from intune_sync.models import Epoch, GraphCondition, SyncRun, UnmatchedRecord
from intune_sync.notices import tell_held
from intune_sync.push import epochs
from intune_sync.trouble import tell_of_trouble
from schools.models import Notification, User
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def admin() -> User:
    return factories.person("it_admin")


def ended(status: str, at: datetime, resource: str = "devices") -> SyncRun:
    return factories.sync_run(resource, status, finished_at=at)


def heard(now: datetime = NOW) -> list[str]:
    tell_of_trouble(now)
    return list(Notification.objects.order_by("id").values_list("kind", flat=True))


def unmatched(count: int, **columns: Any) -> None:
    columns = {"resource": "devices", "reason": "no_serial", "first_seen_at": NOW, "last_seen_at": NOW, **columns}
    for number in range(count):
        UnmatchedRecord.objects.create(graph_id=f"{columns['first_seen_at']} {number}", **columns)


def test_failure_is_told_after_an_hour_once() -> None:
    ended("failed", NOW - HOUR)
    ended("failed", NOW)

    assert heard(NOW - timedelta(seconds=1)) == []
    assert heard() == ["sync.failed"]
    assert heard(NOW + HOUR) == ["sync.failed"]


def test_failure_that_mended_itself_is_not_told() -> None:
    ended("failed", NOW - HOUR)
    ended("no_changes", NOW)

    assert heard() == []


def test_failure_after_a_good_run_is_another_episode() -> None:
    ended("failed", NOW - 3 * HOUR)
    heard()
    ended("changed", NOW - 2 * HOUR)
    ended("failed", NOW - HOUR)

    assert heard() == ["sync.failed", "sync.failed"]


def test_stopped_run_is_told_at_once() -> None:
    run = ended("unsafe", NOW)

    assert heard() == ["sync.unsafe"]
    row = Notification.objects.get()
    assert (row.url, row.is_urgent) == (run.get_absolute_url(), True)


def test_silent_intune_is_one_episode_whatever_fails_meanwhile() -> None:
    GraphCondition.objects.update_or_create(pk=1, defaults={"down_since": NOW - HOUR})
    for resource in ("devices", "apps", "groups"):
        ended("failed", NOW - HOUR, resource)

    assert heard() == ["sync.down"]
    assert heard(NOW + HOUR) == ["sync.down"]


def test_rising_count_of_unmatched_records_is_told_once_a_day() -> None:
    unmatched(30, first_seen_at=NOW - timedelta(days=3))
    unmatched(9)
    assert heard() == []

    unmatched(10, first_seen_at=NOW - HOUR)
    assert heard() == ["sync.unmatched"]
    assert heard(NOW + HOUR) == ["sync.unmatched"]


def test_decision_that_does_not_carry_itself_out_is_told_to_it_with_the_reason(admin: User) -> None:
    tell_held(factories.change_set("planned"), "other_schools", {"count": 3, "school": "Rönnskolan"}, NOW)

    row = Notification.objects.get(user=admin)
    assert row.is_urgent
    assert "3 datorer utanför Rönnskolan" in row.body
    with translation.override("en"):
        assert "3 computers outside Rönnskolan" in row.body


def test_notification_from_before_reasons_had_codes_keeps_its_words() -> None:
    row = Notification(
        kind="changeset.held", data={"number": 4, "decision": "GIMP", "reason": "Den når en annan skola."}
    )

    assert "Den når en annan skola." in row.body


@pytest.mark.parametrize("kind", ["sync.down", "sync.failed", "sync.unsafe", "sync.unmatched"])
def test_words_name_what_and_since_when(kind: str) -> None:
    data = {"resource": "devices", "since": NOW.isoformat(), "count": 12}
    row = Notification(kind=kind, data=data)

    assert row.body
    assert "Något har hänt" not in row.subject
    assert "%(" not in row.subject


def test_a_restored_database_is_told_once() -> None:
    epoch = epochs.current()
    assert heard() == []

    Epoch.objects.filter(pk=epoch.pk).update(database="another cluster")

    assert heard() == ["database.restored"]
    assert heard(NOW + HOUR) == ["database.restored"]
