"""The page on which everything that is written to Intune is stopped, and let go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from intune_sync import tasks
from intune_sync.models import KillSwitch, Operation
from intune_sync.services import stops
from intune_sync.services.quarantine import release_operation
from schools.decorators import permission_required
from schools.models import User

LATEST = 20


@require_GET
@permission_required("intune_sync.view_syncrun")
def stop(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    current = stops.current_stop()
    context = {
        "stop": current,
        "may_stop": user.has_perm("intune_sync.stop_writes"),
        "is_first": current is not None and current.first_release_by_id == user.pk,
        "waiting": Operation.objects.open().count(),
        "earlier": KillSwitch.objects.exclude(released_at=None).select_related(
            "thrown_by", "first_release_by", "released_by"
        )[:LATEST],
    }
    return render(request, "intune_sync/stop.html", context)


@require_POST
@permission_required("intune_sync.stop_writes")
def throw(request: HttpRequest) -> HttpResponse:
    done = _("Nothing is written to Intune any more. Two people have to release it.")
    return _act(request, lambda user: stops.throw(user, request.POST.get("reason", ""), timezone.now()), done)


@require_POST
@permission_required("intune_sync.stop_writes")
def release(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(KillSwitch, pk=pk)
    return _act(request, lambda user: stops.release(found, user, timezone.now()), _("Your release is noted."))


@require_POST
@permission_required("intune_sync.release_operation")
def release_set_aside(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Operation, pk=pk)
    try:
        release_operation(found, cast(User, request.user))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        tasks.wake(found)
        messages.success(request, _("It is tried again."))
    return redirect("intune_sync:health")


def _act(request: HttpRequest, act: Callable[[User], KillSwitch], done: str) -> HttpResponse:
    try:
        changed = act(cast(User, request.user))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        cache.delete("site")  # what every page shows of it must not be seconds old here
        if changed.released_at:
            tasks.wake_write()
            tasks.wake_act()
        messages.success(request, done)
    return redirect("intune_sync:stop")
