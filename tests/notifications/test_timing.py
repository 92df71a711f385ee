"""Quiet hours and the daily digest, in the municipality's time."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from schools.notifications.retries import PAUSES, pause_after
from schools.notifications.timing import is_quiet, last_digest


def at(hour: int, minute: int = 0, *, month: int = 1) -> datetime:
    """Stockholm is an hour before UTC in winter, two in summer."""
    return datetime(2027, month, 11, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "quiet"),
    [(at(16, 59), False), (at(17), True), (at(23), True), (at(5, 59), True), (at(6), False), (at(16, month=7), True)],
)
def test_quiet_hours_run_past_midnight_in_local_time(now: datetime, quiet: bool) -> None:
    assert is_quiet(now, time(18), time(7)) is quiet


@pytest.mark.parametrize(("now", "quiet"), [(at(10, 59), False), (at(11), True), (at(12), False)])
def test_quiet_hours_may_lie_within_a_day(now: datetime, quiet: bool) -> None:
    assert is_quiet(now, time(12), time(13)) is quiet


def test_the_same_time_twice_is_no_quiet_hours() -> None:
    assert not any(is_quiet(at(hour), time(0), time(0)) for hour in range(24))


@pytest.mark.parametrize(
    ("now", "digest"),
    [(at(6, 29), datetime(2027, 1, 10, 6, 30, tzinfo=UTC)), (at(6, 30), at(6, 30)), (at(23, 30), at(6, 30))],
)
def test_last_digest_is_the_latest_half_past_seven(now: datetime, digest: datetime) -> None:
    assert last_digest(now) == digest


def test_pauses_grow_from_a_minute_to_half_a_day_and_end() -> None:
    waits = [pause_after(attempts) for attempts in range(1, len(PAUSES) + 2)]

    assert waits == [*sorted(PAUSES), None]
    assert (waits[0].total_seconds(), waits[-2].total_seconds()) == (60, 12 * 3600)
