"""Yes, no, and on to the next who decides."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import AgendaItem, Application, AppRequest
from deployments.requests import telling
from deployments.requests.permissions import decides
from deployments.requests.readiness import obstacles
from deployments.services.requests.carrying import plan, take_back
from deployments.services.requests.course import Status, check_reason, check_turn, end, locked, require, step
from schools import audit
from schools.access import IT_ADMIN
from schools.models import User

Outcome = AgendaItem.Outcome


@transaction.atomic
def approve(request: AppRequest, by: User, now: datetime | None = None) -> AppRequest:
    """The school's yes, or IT's. What is vetted and licensed goes straight to the computers; else IT looks at it first.

    Raises InvalidMove, OwnRequest, NotYourTurn, PermissionDenied, and ValidationError with what IT has to mend first.
    """
    now = now or timezone.now()
    row = _for_decision(request, by, now, Status.SCHOOL, Status.REVIEW)
    missing = obstacles(row, timezone.localdate(now))
    if row.status == Status.REVIEW:
        if missing:
            raise ValidationError(missing)
        return plan(row, by, now)
    if not missing:
        return plan(row, by, now, approved_by=by)
    step(row, Status.REVIEW, "request.approved", by=by, now=now, reason=" ".join(missing), columns={"approved_by": by})
    telling.to_review(row, by)
    return row


@transaction.atomic
def refuse(request: AppRequest, by: User, reason: str, now: datetime | None = None) -> AppRequest:
    """Raises InvalidMove, OwnRequest, NotYourTurn, PermissionDenied, and ValidationError without a reason."""
    now = now or timezone.now()
    reason = check_reason(reason)
    row = _for_decision(request, by, now, Status.SCHOOL, Status.REVIEW, Status.PLANNED, Status.PILOT)
    return refused(row, by, reason, now)


@transaction.atomic
def to_committee(request: AppRequest, by: User, reason: str, now: datetime | None = None) -> AppRequest:
    """IT asks the committee for an answer for the whole municipality; it stands on the next agenda by itself."""
    now = now or timezone.now()
    reason = check_reason(reason)
    row = _for_decision(request, by, now, Status.REVIEW)
    if row.application is None:
        raise ValidationError(_("Take the application up in the catalogue first, so that the committee has its facts."))
    step(row, Status.COMMITTEE, "request.to_committee", by=by, now=now, reason=reason)
    telling.to_committee(row, by)
    return row


@transaction.atomic
def committee_answer(
    request: AppRequest, outcome: str, by: User, reason: str = "", now: datetime | None = None
) -> AppRequest:
    """What a meeting said (an `AgendaItem.Outcome`). Granted goes on its way, or to IT while something is missing; sent
    back returns to IT; postponed stays where it is. Raises InvalidMove unless the committee has it."""
    now = now or timezone.now()
    row = locked(request)
    require(row, Status.COMMITTEE)
    if outcome == Outcome.REJECTED:
        return refused(row, by, reason.strip() or _("The committee said no."), now)
    if outcome == Outcome.GRANTED and not obstacles(row, timezone.localdate(now)):
        return plan(row, by, now)
    if outcome in (Outcome.GRANTED, Outcome.RETURNED):
        step(row, Status.REVIEW, "request.returned", by=by, now=now, reason=reason.strip())
        telling.to_review(row, by)
    return row


@transaction.atomic
def name_application(request: AppRequest, application: Application, by: User) -> AppRequest:
    """IT says which application of the catalogue a school meant by its own words."""
    if IT_ADMIN not in by.access.everywhere:
        raise PermissionDenied
    row = locked(request)
    require(row, Status.SCHOOL, Status.REVIEW)
    before, row.application = str(row), application
    row.save(update_fields=["application"])
    audit.record(
        "request.named", row, by=by, school=row.school, before={"application": before}, after={"application": str(row)}
    )
    return row


def _for_decision(request: AppRequest, by: User, now: datetime, *statuses: str) -> AppRequest:
    if not decides(by, request):
        raise PermissionDenied
    row = locked(request)
    require(row, *statuses)
    check_turn(row, by, now)
    return row


def refused(row: AppRequest, by: User | None, reason: str, now: datetime) -> AppRequest:
    """The no itself; `by` None: the change that was to carry it out was stopped."""
    if row.status in AppRequest.GRANTED and by is not None:
        take_back(row, by, reason)
    end(row, Status.REFUSED, "request.refused", by=by, now=now, reason=reason)
    telling.refused(row, by)
    return row
