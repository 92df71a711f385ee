"""What people do with a change set: each button is one POST here, and leads back to the change's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deployments.models import ChangeSet
from deployments.services import at_once, changes
from intune_sync import services, tasks
from intune_sync.graph import GraphError
from intune_sync.services import StalePlan
from intune_sync.views.change_sets import find_change_set
from intune_sync.words import graph_sentence
from schools.decorators import require
from schools.models import User

Step = Callable[[ChangeSet, User], object]


@require_POST
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.propose_change",
        lambda found, user: services.freeze_plan(found, user, timezone.now()),
        _("The preview shows what would be done as things are now."),
    )


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """`plan_hash` names the plan that was on the page: another one is not approved by it."""
    seen = request.POST.get("plan_hash", "")
    return _step(
        request,
        pk,
        "deployments.approve_changeset",
        lambda found, user: changes.approve(found, seen, user, timezone.now()),
        _("The change is approved. It can be written to Intune now."),
    )


@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.approve_changeset",
        lambda found, user: changes.reject(found, request.POST.get("reason", ""), user),
        _("The change is refused, and its draft can be changed again."),
    )


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.cancel_changeset",
        lambda found, user: changes.cancel(found, user, request.POST.get("reason", "")),
        _("The change is withdrawn, and its draft can be changed again."),
    )


@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.apply_changeset",
        lambda found, user: _and_wake(services.apply_change_set(found, user, timezone.now())),
        _("The change is being written to Intune. You can leave this page; it goes on by itself."),
    )


@require_POST
def ask_override(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.apply_changeset",
        lambda found, user: at_once.ask(
            found, by=user, reason=request.POST.get("reason", "").replace("\x00", "")[:2000], now=timezone.now()
        ),
        _("The exception is asked for. Another IT administrator has to agree."),
    )


@require_POST
def approve_override(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.apply_changeset",
        lambda found, user: at_once.agree(found, by=user, now=timezone.now()),
        _("The exception is approved. The change can be written at once to all its computers."),
    )


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.apply_changeset",
        lambda found, user: _and_wake(services.retry_change_set(found, user, timezone.now())),
        _("What had failed is tried again."),
    )


@require_POST
def abandon(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(
        request,
        pk,
        "deployments.apply_changeset",
        lambda found, user: services.abandon_change_set(found, user, request.POST.get("reason", "")),
        _("The change is closed with its errors left. What was written stays."),
    )


def _and_wake(change_set: ChangeSet) -> ChangeSet:
    """Wake a worker when the rows are committed. Without Redis the sweep finds them."""
    transaction.on_commit(tasks.wake_write)
    return change_set


def _step(request: HttpRequest, pk: int, permission: str, step: Step, done: str) -> HttpResponse:
    user = cast(User, request.user)
    found = find_change_set(user, pk)
    require(user, permission)
    try:
        step(found, user)
    except StalePlan as error:
        messages.warning(request, error.messages[0])
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    except GraphError as error:
        messages.error(request, graph_sentence(error))
    else:
        messages.success(request, done)
    return redirect(found)
