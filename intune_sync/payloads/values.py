"""Single values as Graph writes them."""

from __future__ import annotations

import logging
import re
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from uuid import UUID

log = logging.getLogger(__name__)

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_CLOCK = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d(?:\.\d+)?)")
_FRACTION = re.compile(r"\.(\d{6})\d+")


def parse_date(text: str | None) -> datetime | None:
    """A moment in UTC. Year 1 is Graph's "never"; fractions have up to seven digits; a missing zone means UTC."""
    if not text or text.startswith("0001-"):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r".\1", text.strip()))
    except ValueError:
        log.warning("Graph sent a date that cannot be read: %.40r", text)
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration(text: str | None) -> timedelta | None:
    """Graph's "PT12M3.5S"; reports also write "00:12:03" or seconds. None for nothing, or what cannot be read."""
    value = (text or "").strip()
    if not value:
        return None
    found = _DURATION.fullmatch(value) or _CLOCK.fullmatch(value)
    if found:
        parts = {name: float(number) for name, number in found.groupdict(default="0").items()}
        return timedelta(**parts)
    try:
        return timedelta(seconds=float(value))
    except (ValueError, OverflowError):
        log.warning("Graph sent a duration that cannot be read: %.40r", value)
        return None


def parse_id(text: str | None) -> UUID | None:
    """A GUID; the all-zero one is Graph's "none"."""
    try:
        value = UUID(text or "")
    except ValueError:
        return None
    return value if value.int else None


def known(value: str | None, values: Container[str], unknown: str, what: str) -> str:
    """`value` when we know it, else `unknown` and a log line: Microsoft adds values to its enumerations."""
    if value in values and value is not None:
        return value
    if value not in (None, "", "unknownFutureValue"):
        log.warning("Graph sent a value of %s that we do not know: %.60r", what, value)
    return unknown


def text(value: object, longest: int) -> str:
    """Graph's null and "" are the same to us; NUL, which PostgreSQL cannot hold, is left out."""
    return "" if value is None else str(value).replace("\x00", "")[:longest]
