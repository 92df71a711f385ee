"""Questions and answers, "me too", and requests for the same that are made one."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import Application, AppRequest, RequestMessage, RequestSupport
from deployments.requests import telling
from deployments.requests.permissions import asks, writes
from deployments.services.requests.course import Status, locked, require, step
from schools import audit
from schools.access import IT_ADMIN
from schools.models import School, User

MERGES = (Status.SCHOOL, Status.REVIEW, Status.COMMITTEE)


@transaction.atomic
def say(request: AppRequest, by: User, text: str) -> RequestMessage:
    """A question or an answer; the other side is told, since somebody waits for it."""
    if not (writes(by, request) or request.requested_by_id == by.pk):
        raise PermissionDenied
    if not text.strip():
        raise ValidationError({"text": _("Write something first.")})
    row = locked(request)
    message = RequestMessage.objects.create(request=row, author=by, text=text.strip())
    audit.record("request.message", row, by=by, school=row.school, after={"text": message.text})
    telling.asked(row, message)
    return message


@transaction.atomic
def support(application: Application, school: School, by: User) -> RequestSupport:
    """The school wants what another school has asked for. Raises ValidationError when nobody asks for it any more."""
    if not asks(by, school):
        raise PermissionDenied
    others = AppRequest.objects.filter(application=application, status__in=MERGES).exclude(school=school)
    request = others.select_for_update().order_by("pk").first()
    if request is None:
        raise ValidationError(_("No other school asks for %(name)s now.") % {"name": application})
    support, is_new = RequestSupport.objects.get_or_create(request=request, school=school, defaults={"user": by})
    if is_new:
        audit.record("request.supported", request, by=by, school=school, after={"school": school.name})
    return support


@transaction.atomic
def merge(request: AppRequest, into: AppRequest, by: User, now: datetime | None = None) -> AppRequest:
    """IT makes one of two requests for the same. What the merged one's school has approved comes along with the other.

    Raises PermissionDenied, InvalidMove, and ValidationError for requests about different things, and for one of
    another school that its own approver has not decided yet.
    """
    if IT_ADMIN not in by.access.everywhere:
        raise PermissionDenied
    first, second = (locked(each) for each in sorted((request, into), key=lambda each: each.pk))
    row, main = (first, second) if first.pk == request.pk else (second, first)
    require(row, *MERGES)
    _check_same(row, main)
    if row.school_id != main.school_id:
        RequestSupport.objects.get_or_create(request=main, school=row.school, defaults={"user": row.requested_by})
    reason = _("The same is asked for in request %(number)s.") % {"number": main.pk}
    columns = {"merged_into": main, "reason": reason}
    step(row, Status.MERGED, "request.merged", by=by, now=now or timezone.now(), reason=reason, columns=columns)
    telling.merged(row, by)
    return row


def part(main: AppRequest, by: User, now: datetime) -> None:
    """When a request is withdrawn, those merged into it go on by themselves: with their own change, or again at IT."""
    for merged in main.merged.select_for_update(of=("self",)).select_related("school", "application", "requested_by"):
        status = Status.INSTALLING if merged.change_set_id else Status.REVIEW
        if merged.approved_by_id is None or merged.application_id is None:
            status = Status.REVIEW
        step(merged, status, "request.parted", by=by, now=now, columns={"merged_into": None, "reason": ""})
        if status == Status.REVIEW:
            telling.to_review(merged, by)


def _check_same(row: AppRequest, main: AppRequest) -> None:
    if row.pk == main.pk or main.status not in MERGES:
        raise ValidationError({"into": _("Choose another request that nobody has decided yet.")})
    if row.application_id and main.application_id and row.application_id != main.application_id:
        raise ValidationError({"into": _("The two requests are about different applications.")})
    if row.school_id != main.school_id and row.approved_by_id is None:
        raise ValidationError({"into": _("The school's own approver has to decide first.")})
