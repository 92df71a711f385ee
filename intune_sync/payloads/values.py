"""Single values as Graph writes them."""

from __future__ import annotations

import logging
import re
from collections.abc import Container
from datetime import UTC, datetime
from uuid import UUID

log = logging.getLogger(__name__)

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
