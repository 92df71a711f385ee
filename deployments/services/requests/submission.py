"""A wish is written, sent to the school's approver, and may be withdrawn by who asked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import Application, AppRequest, RequestStep
from deployments.requests import telling
from deployments.requests.permissions import asks, withdraws
from deployments.services.requests.carrying import take_back
from deployments.services.requests.conversation import part
from deployments.services.requests.course import Status, end, locked, require, step
from schools import audit
from schools.models import ClassGroup, RoleAssignment, School, User


@dataclass(frozen=True)
class Wish:
    """What a school is used to state. `application` None: `wanted` names one that the catalogue does not have."""

    school: School
    purpose: str
    needed_by: date
    responsible_teacher: User
    application: Application | None = None
    wanted: str = ""
    class_group: ClassGroup | None = None
    licence_note: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@transaction.atomic
def draft(wish: Wish, by: User, now: datetime | None = None) -> AppRequest:
    """A request that nobody else sees before it is submitted. Raises ValidationError by field, and PermissionDenied for
    whoever may not ask at that school."""
    if not asks(by, wish.school):
        raise PermissionDenied
    _check(wish)
    now = now or timezone.now()
    row = AppRequest.objects.create(requested_by=by, **wish.columns)
    row.created_at = now
    row.save(update_fields=["created_at"])
    RequestStep.objects.create(request=row, status=row.status, entered_at=now, by=by)
    audit.record("request.drafted", row, by=by, school=row.school, after=_said(row))
    return row


@transaction.atomic
def change(request: AppRequest, wish: Wish, by: User) -> AppRequest:
    """Say something else in a draft of one's own."""
    row = locked(request)
    require(row, Status.DRAFT)
    if row.requested_by_id != by.pk or not asks(by, wish.school):
        raise PermissionDenied
    _check(wish)
    before = _said(row)
    for name, value in wish.columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(wish.columns))
    audit.record("request.changed", row, by=by, school=row.school, before=before, after=_said(row))
    return row


@transaction.atomic
def submit(request: AppRequest, by: User, now: datetime | None = None) -> AppRequest:
    """To the school's approver. Raises InvalidMove, and ValidationError while the school asks for the same already."""
    now = now or timezone.now()
    row = locked(request)
    if row.requested_by_id != by.pk:
        raise PermissionDenied
    _check_once(row)
    step(row, Status.SCHOOL, "request.submitted", by=by, now=now)
    telling.submitted(row)
    return row


@transaction.atomic
def withdraw(request: AppRequest, by: User, reason: str = "", now: datetime | None = None) -> AppRequest:
    """What is on its way to computers is stopped, or taken away again where it has come."""
    if not withdraws(by, request):
        raise PermissionDenied
    now = now or timezone.now()
    row = locked(request)
    before = row.status
    if before in AppRequest.GRANTED:
        take_back(row, by, reason.strip())
    part(row, by, now)
    end(row, Status.WITHDRAWN, "request.withdrawn", by=by, now=now, reason=reason.strip())
    if before != Status.DRAFT:
        telling.withdrawn(row, by)
    return row


def _check(wish: Wish) -> None:
    problems: dict[str, str] = {}
    if wish.application is None and not wish.wanted.strip():
        problems["wanted"] = _("Say which application it is about.")
    if not wish.purpose.strip():
        problems["purpose"] = _("Say what it is for in the teaching.")
    if wish.class_group is not None and wish.class_group.school_id != wish.school.pk:
        problems["class_group"] = _("Choose a class group of the school.")
    held = RoleAssignment.objects.current(timezone.now()).filter(user=wish.responsible_teacher, school=wish.school)
    if not held.exists():
        problems["responsible_teacher"] = _("Choose somebody who works at the school.")
    if problems:
        raise ValidationError(problems)


def _check_once(row: AppRequest) -> None:
    """One open request for an application and a class group (or the whole school) at a time."""
    same = AppRequest.objects.open().exclude(status=Status.DRAFT).filter(school=row.school, class_group=row.class_group)
    same = same.filter(application=row.application) if row.application else same.filter(wanted__iexact=row.wanted)
    if same.exists():
        raise ValidationError(_("The school asks for this already. Follow that request instead."))


def _said(row: AppRequest) -> dict[str, Any]:
    return {
        "application": str(row),
        "class_group": str(row.class_group or ""),
        "needed_by": row.needed_by.isoformat(),
        "responsible_teacher": str(row.responsible_teacher),
        "purpose": row.purpose,
    }
