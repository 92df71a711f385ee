"""Who is told of what about an exception. Whoever acts is not told of their own act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployments.models import ExceptionRenewal, SoftwareException
from schools.access import APPROVER, IT_ADMIN
from schools.models import User
from schools.services.notify import holders_of, tell


def deciders(row: SoftwareException, asked_by: User) -> Iterable[User]:
    """The school's approvers but whoever asks, or IT."""
    if row.turn == SoftwareException.Turn.SCHOOL and row.school:
        return holders_of(APPROVER, school=row.school).exclude(pk=asked_by.pk)
    return holders_of(IT_ADMIN).exclude(pk=asked_by.pk)


def asked(row: SoftwareException) -> None:
    people = deciders(row, row.asked_by)
    _tell(row, "asked", people, episode=f"asked:{row.turn}", urgent=True, who=row.asked_by.display_name)


def approved(row: SoftwareException, by: User) -> None:
    _tell(row, "approved", [row.asked_by], by)


def refused(row: SoftwareException, by: User | None) -> None:
    _tell(row, "refused", [row.asked_by], by)


def in_force(row: SoftwareException) -> None:
    _tell(row, "in_force", [row.asked_by])


def ends_soon(row: SoftwareException, stage: int) -> None:
    _tell(row, "ends_soon", _both(row), episode=f"ends:{row.ends_on}:{stage}")


def ending(row: SoftwareException, by: User | None) -> None:
    _tell(row, "ending", _both(row), by)


def ended(row: SoftwareException, by: User | None) -> None:
    _tell(row, "ended", _both(row), by)


def renewal_asked(renewal: ExceptionRenewal) -> None:
    row = renewal.exception
    people = deciders(row, renewal.asked_by)
    said: dict[str, Any] = {
        "until": renewal.ends_on.isoformat(),
        "reason": renewal.reason[:300],
        "who": renewal.asked_by.display_name,
    }
    _tell(row, "renewal_asked", people, episode=f"renewal:{renewal.pk}", urgent=True, **said)


def renewed(renewal: ExceptionRenewal, by: User) -> None:
    people = [*_both(renewal.exception), renewal.asked_by]
    _tell(renewal.exception, "renewed", people, by, episode=f"renewal:{renewal.pk}")


def renewal_refused(renewal: ExceptionRenewal, by: User) -> None:
    episode = f"renewal:{renewal.pk}"
    _tell(renewal.exception, "renewal_refused", [renewal.asked_by], by, episode=episode, words=renewal.answer[:300])


def _both(row: SoftwareException) -> list[User]:
    return [row.asked_by, *([row.approved_by] if row.approved_by else [])]


def _tell(
    row: SoftwareException,
    what: str,
    people: Iterable[User],
    by: User | None = None,
    *,
    episode: str = "",
    urgent: bool = False,
    **data: Any,
) -> None:
    others = [person for person in people if by is None or person.pk != by.pk]
    said = {
        "application": str(row.application),
        "place": str(row.place),
        "school": str(row.school or ""),
        "until": row.ends_on.isoformat(),
        "reason": row.reason[:300],
        "words": row.ended_reason[:300],
        "code": row.ended_why,
        "number": row.pk,
        **data,
    }
    episode = f"exception:{row.pk}:{episode or what}"
    tell(others, f"exception.{what}", episode=episode, url=row.get_absolute_url(), data=said, urgent=urgent)
