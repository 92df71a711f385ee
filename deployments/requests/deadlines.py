"""Working days in Sweden, in which the deadlines of requests are counted. Pure but for the settings."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from deployments.models import AppRequest

FIXED = {(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)}
FROM_EASTER = (-2, 1, 39)
"""Good Friday, Easter Monday and Ascension Day, in days from Easter Sunday."""
SATURDAY, FRIDAY = 5, 4


def deadline(status: str, now: datetime) -> datetime | None:
    """When somebody who has just got a request in this state should be done with it; None where nobody decides."""
    days = {
        AppRequest.Status.SCHOOL: settings.REQUEST_SCHOOL_DAYS,
        AppRequest.Status.REVIEW: settings.REQUEST_REVIEW_DAYS,
        AppRequest.Status.PILOT: settings.REQUEST_PILOT_DAYS,
    }.get(AppRequest.Status(status))
    return add_working_days(now, days) if days else None


def reminder_at(due_at: datetime) -> datetime:
    """The working day before, at the same hour."""
    return add_working_days(due_at, -1)


def add_working_days(moment: datetime, days: int) -> datetime:
    """The same hour of the municipality's day, `days` working days later, or earlier when negative."""
    local, step = timezone.localtime(moment), timedelta(days=1 if days > 0 else -1)
    day = local.date()
    for _ in range(abs(days)):
        day += step
        while not is_working_day(day):
            day += step
    return timezone.make_aware(datetime.combine(day, local.time()))


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED and not _is_movable_holiday(day)


def _is_movable_holiday(day: date) -> bool:
    easter = easter_sunday(day.year)
    is_midsummer_eve = day.month == 6 and 19 <= day.day <= 25 and day.weekday() == FRIDAY
    return is_midsummer_eve or any(day == easter + timedelta(days=days) for days in FROM_EASTER)


def easter_sunday(year: int) -> date:
    """By the anonymous Gregorian computus, https://en.wikipedia.org/wiki/Date_of_Easter."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)
