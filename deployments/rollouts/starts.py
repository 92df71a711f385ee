"""When each school's computers may begin, and what its calendar has against an earlier start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deployments.rollouts.calendars import Doors
from deployments.rollouts.progress import Share
from schools.calendar import Hindrance


@dataclass(frozen=True)
class SchoolStart:
    """`hindrance`: why it is not before `at`; None where nothing is in the way."""

    share: Share
    at: datetime
    is_now: bool
    hindrance: Hindrance | None


def starts(doors: Doors, schools: Sequence[Share]) -> list[SchoolStart]:
    """Those that wait longest first."""
    found = []
    for share in schools:
        at = doors.first_at(share.key)
        found.append(SchoolStart(share, at, at <= doors.now, doors.why_not(share.key)))
    return sorted(found, key=lambda each: (-each.at.timestamp(), each.share.name.casefold()))
