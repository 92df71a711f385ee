from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from deployments.requests.deadlines import add_working_days, easter_sunday, is_working_day, reminder_at

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T09:30").replace(tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2027-01-11", 5, "2027-01-18"),
        ("2027-01-15", 1, "2027-01-18"),
        ("2027-03-25", 1, "2027-03-30"),  # over Easter
        ("2026-12-23", 1, "2026-12-28"),
        ("2027-05-05", 1, "2027-05-07"),  # Ascension Day
        ("2027-06-24", 1, "2027-06-28"),  # Midsummer Eve
    ],
)
def test_deadline_counts_only_days_that_people_work(day: str, days: int, expected: str) -> None:
    assert add_working_days(moment(day), days) == moment(expected)


def test_reminder_comes_the_working_day_before() -> None:
    assert reminder_at(moment("2027-01-18")) == moment("2027-01-15")


def test_hour_stays_the_same_when_the_clocks_change() -> None:
    assert add_working_days(moment("2027-03-26".replace("26", "24")), 3).hour == 9


@pytest.mark.parametrize(
    ("year", "day"), [(2024, date(2024, 3, 31)), (2026, date(2026, 4, 5)), (2027, date(2027, 3, 28))]
)
def test_easter(year: int, day: date) -> None:
    assert easter_sunday(year) == day


def test_national_day_is_no_working_day() -> None:
    assert not is_working_day(date(2025, 6, 6))
