"""What people do with a roll-out: each button is one POST here, and leads back to its page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deployments.models import Rollout
from deployments.services import rollouts
from deployments.views.person import person
from deployments.views.rollouts import find_rollout
from schools.decorators import require
from schools.models import User

Act = Callable[[Rollout, User, str], object]
"""With the reason that was given."""


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("The roll-out is paused. What is out stays, and nothing more reaches any computer.")
    return _act(request, pk, said, lambda row, user, reason: rollouts.pause(row, by=user, reason=reason))


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("The roll-out goes on. What is known by now does not stop it again; what is new does.")
    return _act(request, pk, said, lambda row, user, reason: rollouts.resume(row, by=user, reason=reason))


@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("The ring is left out. Its computers go along with the one after it.")
    return _act(request, pk, said, lambda row, user, reason: rollouts.skip_ring(row, by=user, reason=reason))


@require_POST
def let_through(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        _("The ring is let through. The next one opens within a minute or so, when the calendar lets it."),
        lambda row, user, reason: rollouts.pass_ring(row, by=user, now=timezone.now(), reason=reason),
    )


@require_POST
def abort(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        _("The roll-out is broken off. No further ring opens; what is out stays."),
        lambda row, user, reason: rollouts.abort(row, by=user, reason=reason, now=timezone.now()),
    )


@require_POST
def leave_queue(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("It does not start by itself any more. Its rings are kept.")
    return _act(request, pk, said, lambda row, user, reason: rollouts.take_out_of_queue(row, by=user, reason=reason))


@require_POST
def ask_override(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        _("The exception from the calendar is asked for. Another IT administrator has to agree."),
        lambda row, user, reason: rollouts.request_override(row, by=user, reason=reason, now=timezone.now()),
    )


@require_POST
def approve_override(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        _("The exception is approved. The roll-out does not wait for freezes and lessons any more."),
        lambda row, user, reason: rollouts.approve_override(row, by=user, now=timezone.now()),
    )


@require_POST
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the change that takes it back."""
    return _act(
        request,
        pk,
        _("The change that takes it back is prepared. Work out its preview; then a colleague approves it."),
        lambda row, user, reason: rollouts.prepare_rollback(row, by=user, reason=reason, now=timezone.now()),
        leads_to=lambda row: redirect(row.rollback) if row.rollback else redirect(row),
    )


def _act(
    request: HttpRequest,
    pk: int,
    done: str,
    act: Act,
    leads_to: Callable[[Rollout], HttpResponse] = redirect,
) -> HttpResponse:
    user = person(request)
    found = find_rollout(user, pk)
    require(user, "deployments.run_rollout")
    try:
        act(found, user, request.POST.get("reason", "").replace("\x00", "")[:2000])
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        return redirect(found)
    messages.success(request, done)
    found.refresh_from_db()
    return leads_to(found)
