"""Starting a roll-out: the one thing about it for which Intune has to be asked."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deployments.models import Rollout
from deployments.services import rollouts
from intune_sync import services, tasks
from intune_sync.graph import GraphError
from intune_sync.words import graph_sentence
from schools.decorators import require
from schools.models import User


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Now, or when its day comes and no other roll-out has the same applications."""
    user = cast(User, request.user)
    visible = Rollout.objects.visible_to(user).select_related("change_set", "starts_in")
    found = get_object_or_404(visible, pk=pk)
    require(user, "deployments.run_rollout")
    try:
        row = rollouts.start(found, by=user, now=timezone.now(), put_in_force=services.put_in_force)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
    except GraphError as error:
        messages.error(request, graph_sentence(error))
    else:
        transaction.on_commit(tasks.wake_write)
        messages.success(request, _said(row))
    return redirect(found)


def _said(row: Rollout) -> str:
    if row.status == Rollout.Status.QUEUED:
        return _("The roll-out starts by itself as soon as nothing is in its way.")
    return _("The roll-out has started. You can leave this page; it goes on by itself.")
