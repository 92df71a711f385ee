"""Who is told of what about a request. One message for each episode; whoever acts is not told of their own act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from deployments.models import AppRequest, RequestMessage
from schools.access import APPROVER, IT_ADMIN
from schools.models import RoleAssignment, User
from schools.services.notify import holders_of, tell

Status = AppRequest.Status


def deciders(row: AppRequest) -> Iterable[User]:
    """Whose turn it is: the school's approvers but the requester, IT, or whoever tries it."""
    if row.status == Status.SCHOOL:
        return holders_of(APPROVER, school=row.school).exclude(pk=row.requested_by_id)
    if row.status == Status.PILOT:
        return [row.responsible_teacher]
    return holders_of(IT_ADMIN)


def askers(row: AppRequest) -> list[User]:
    return [row.requested_by, row.responsible_teacher]


def submitted(row: AppRequest) -> None:
    _tell(row, "request.submitted", deciders(row), urgent=True, who=row.requested_by.display_name)


def to_review(row: AppRequest, by: User) -> None:
    count = row.steps.count()
    _tell(row, "request.review", deciders(row), by, episode=f"review:{count}", who=by.display_name)


def to_committee(row: AppRequest, by: User) -> None:
    _tell(row, "request.committee", askers(row), by)


def granted(row: AppRequest, by: User) -> None:
    _tell(row, "request.granted", [*askers(row), *_approver(row)], by, episode="decided")


def refused(row: AppRequest, by: User | None) -> None:
    _tell(row, "request.refused", [*askers(row), *_approver(row)], by, episode="refused", reason=row.reason)
    for merged in row.merged.select_related("school", "application", "requested_by", "responsible_teacher"):
        _tell(merged, "request.refused", askers(merged), by, episode="refused", reason=row.reason)


def withdrawn(row: AppRequest, by: User) -> None:
    people = [*askers(row), *_approver(row)]
    _tell(row, "request.withdrawn", people, by, who=by.display_name)


def merged(row: AppRequest, by: User) -> None:
    _tell(row, "request.merged", askers(row), by)


def try_it(row: AppRequest) -> None:
    names = ", ".join(str(device) for device in row.pilot_devices.all())
    _tell(row, "request.pilot", [row.responsible_teacher], urgent=True, computers=names)


def done(row: AppRequest) -> None:
    supporters = User.objects.filter(pk__in=row.supporters.values("user"))
    _tell(row, "request.done", [*askers(row), *_approver(row)])
    joined = list(row.merged.select_related("school", "application", "requested_by", "responsible_teacher"))
    for merged in joined:
        _tell(merged, "request.done", askers(merged))
    elsewhere = supporters.exclude(pk__in=[person.pk for merged in joined for person in askers(merged)])
    _tell(row, "request.done_elsewhere", elsewhere)


def due_soon(row: AppRequest) -> None:
    _tell(row, "request.due_soon", deciders(row), episode=_of_step(row, "due"), urgent=True)


def late(row: AppRequest) -> None:
    _tell(row, "request.late", holders_of(IT_ADMIN), episode=_of_step(row, "late"), urgent=True)


def asked(row: AppRequest, message: RequestMessage) -> None:
    """To those who asked; when one of them writes, to whose turn it is and to who has asked them something."""
    sides = {person.pk: person for person in askers(row)}
    others = deciders(row) if message.author_id in sides else sides.values()
    earlier = User.objects.filter(pk__in=row.thread.exclude(author=message.author).values("author"))
    _tell(
        row,
        "request.message",
        [*others, *earlier],
        message.author,
        episode=f"message:{message.pk}",
        urgent=True,
        who=message.author.display_name,
        text=message.text[:300],
    )


def deputy(granted: RoleAssignment, by: User) -> None:
    until = granted.valid_until.date().isoformat() if granted.valid_until else ""
    tell(
        [granted.user],
        "request.deputy",
        episode=f"deputy:{granted.pk}",
        url=reverse("deployments:request_list"),
        data={"who": by.display_name, "school": str(granted.school), "until": until},
        urgent=True,
    )


def _approver(row: AppRequest) -> list[User]:
    return [row.approved_by] if row.approved_by else []


def _of_step(row: AppRequest, what: str) -> str:
    """A request may come back to a state, and then its deadline is another."""
    return f"{what}:{row.steps.count()}"


def _tell(
    row: AppRequest,
    kind: str,
    people: Iterable[User],
    by: User | None = None,
    *,
    episode: str = "",
    url: str = "",
    urgent: bool = False,
    **data: Any,
) -> None:
    others = [person for person in people if by is None or person.pk != by.pk]
    said = {"application": str(row), "school": str(row.school), "number": row.pk, **data}
    episode = f"request:{row.pk}:{episode or kind.removeprefix('request.')}"
    tell(others, kind, episode=episode, url=url or row.get_absolute_url(), data=said, urgent=urgent)
