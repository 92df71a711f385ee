"""One request: how far it has come, what is known of it, its thread, and what may be done now."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.models import AppRequest
from deployments.requests.card import card, others_for_the_same
from deployments.requests.forms import MessageForm, NameForm, ReasonForm
from deployments.requests.progress import installing, line, waits_until
from deployments.rollouts.story import moment
from deployments.services.requests.course import check_turn
from deployments.views.person import person
from schools.models import User
from schools.pages import render_page

Status = AppRequest.Status
POLL_SECONDS = 10
MOVES_BY_ITSELF = (Status.PLANNED, Status.PILOT, Status.INSTALLING)
WITHDRAWABLE = tuple(status for status in AppRequest.MOVES if "withdrawn" in AppRequest.MOVES[status])


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """For htmx the line of steps alone, which follows by itself."""
    user = person(request)
    found = visible(user).filter(pk=pk).first()
    if found is None:
        return _followed(request, user, pk)
    steps = list(found.steps.select_related("by"))
    main = found.merged_into or found
    seen = installing(main)
    context: dict[str, Any] = {
        "request_row": found,
        "steps": steps,
        "line": line(main, list(main.steps.all()) if found.merged_into else steps, seen),
        "installing": seen,
        "waits_until": _waits_until(main),
        "poll_seconds": POLL_SECONDS if main.status in MOVES_BY_ITSELF else None,
    }
    if not request.htmx:  # type: ignore[attr-defined]
        context |= _whole(found, user)
    template, partial = "deployments/request.html", "deployments/_request_progress.html"
    return render_page(request, template, context, partial=partial)


def _followed(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Another school's request, for whose school wants the same: state and course, nothing of the thread or persons."""
    found = get_object_or_404(AppRequest.objects.wanted_too_by(user).select_related("application"), pk=pk)
    seen = installing(found)
    context = {
        "request_row": found,
        "line": line(found, list(found.steps.all()), seen),
        "installing": seen,
        "waits_until": _waits_until(found),
        "poll_seconds": POLL_SECONDS if found.status in MOVES_BY_ITSELF else None,
        "own": AppRequest.objects.visible_to(user).filter(merged_into=found).select_related("school").first(),
    }
    template, partial = "deployments/request_followed.html", "deployments/_request_progress.html"
    return render_page(request, template, context, partial=partial)


def _waits_until(found: AppRequest) -> str:
    at = waits_until(found, timezone.now())
    return moment(at) if at else ""


def visible(user: User) -> Any:
    return AppRequest.objects.visible_to(user).select_related(
        "school__school_form",
        "class_group",
        "application__vetting_card",
        "requested_by",
        "responsible_teacher",
        "approved_by",
        "merged_into",
        "change_set",
    )


def _whole(found: AppRequest, user: User) -> dict[str, Any]:
    now = timezone.now()
    is_undecided = found.status in (Status.SCHOOL, Status.REVIEW)
    may_decide = user.has_perm("deployments.decide_apprequest", found) and _has_turn(found, user)
    is_it = user.has_perm("deployments.review_apprequest")
    follows = user.has_perm("deployments.follow_apprequest", found)
    return {
        "thread": found.thread.select_related("author"),
        "message_form": MessageForm(),
        "reason_form": ReasonForm(),
        "card": card(found, timezone.localdate(now)) if is_undecided or found.status == Status.COMMITTEE else None,
        "may_decide": may_decide and is_undecided,
        "may_refuse": may_decide and found.status in (Status.SCHOOL, Status.REVIEW, Status.PLANNED, Status.PILOT),
        "is_late": found.is_late(now),
        "may_try": follows and found.status == Status.PILOT,
        "may_skip": follows and found.status in (Status.PLANNED, Status.PILOT) and found.pilot_devices.exists(),
        "pilots": list(found.pilot_devices.all()) if found.status in MOVES_BY_ITSELF else [],
        "may_write": user.has_perm("deployments.write_apprequest", found),
        "may_withdraw": user.has_perm("deployments.withdraw_apprequest", found) and found.status in WITHDRAWABLE,
        "may_review": is_it and found.status == Status.REVIEW,
        "may_raise": found.application is not None
        and found.status not in (Status.DRAFT, *AppRequest.ENDED)
        and user.has_perm("deployments.make_proposal"),
        "may_name": is_it and found.status in (Status.SCHOOL, Status.REVIEW) and found.application is None,
        "name_form": NameForm() if is_it and found.application is None else None,
        "others": list(others_for_the_same(found)) if is_it and may_decide and is_undecided else [],
        "sees_change": user.access.reads("deployments.view_changeset", found.school_id),
        "sees_devices": user.access.reads("fleet.view_device", found.school_id),
        "is_own_draft": found.status == Status.DRAFT,
        "decision": found.decisions.first() if found.status in AppRequest.GRANTED else None,
    }


def _has_turn(found: AppRequest, user: User) -> bool:
    """As the act itself will judge."""
    try:
        check_turn(found, user, timezone.now())
    except ValidationError:
        return False
    return True
