"""Where Intune is not as decided: the list, one difference side by side, its computers, and what is done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from deployments.models import ChangeSet
from deployments.organisation import load_organisation
from fleet.models import Device
from intune_sync import services, tasks
from intune_sync.drift import acts, words
from intune_sync.drift.choices import choices_of, is_reverting
from intune_sync.drift.reach import devices_of
from intune_sync.drift.states import STATES, in_state
from intune_sync.graph import GraphError
from intune_sync.models import DriftItem, IntuneGroup
from intune_sync.words import graph_sentence
from schools.decorators import permission_required, require
from schools.models import User
from schools.pages import page_of, render_page

A_MONTH = timedelta(days=30)


@require_GET
@permission_required("intune_sync.view_drift")
def drift_list(request: HttpRequest) -> HttpResponse:
    user, today = cast(User, request.user), timezone.localdate()
    visible = DriftItem.objects.visible_to(user)
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in STATES else "waiting"
    rows = in_state(visible, chosen, today)
    kinds = dict(rows.order_by().values_list("kind").annotate(Count("pk")))
    kind = request.GET.get("kind", "")
    if kind in DriftItem.Kind.values:
        rows = rows.filter(kind=kind)
    page = page_of(request, rows.for_list(), {"since": "since", "name": "name"}, order="-since")
    names = words.names_for(page.rows, load_organisation())
    counts = {state: in_state(visible, state, today).count() for state in STATES}
    context = {
        "page": page,
        "rows": [(item, words.decided(item, names), words.in_intune(item, names)) for item in page.rows],
        "chosen": chosen,
        "counts": counts,
        "kind": kind,
        "kinds": [(each.value, each.label, kinds[each.value]) for each in DriftItem.Kind if each.value in kinds],
        "may_act": user.has_perm("intune_sync.handle_drift"),
    }
    return render_page(request, "intune_sync/drift_list.html", context, partial="intune_sync/_drift_list.html")


@require_GET
def drift_item(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast(User, request.user)
    item = _find(user, pk)
    organisation, today = load_organisation(), timezone.localdate()
    names = words.names_for([item], organisation)
    may_act = user.has_perm("intune_sync.handle_drift") and not item.resolved_at
    context = {
        "item": item,
        "meaning": words.meaning(item),
        "decided": words.decided(item, names),
        "in_intune": words.in_intune(item, names),
        "computers": _devices(item, user).count(),
        "others": _unnamed_members(item),
        "choices": choices_of(item, organisation),
        "is_reverting": is_reverting(item),
        "is_ignored": item.ignored_until is not None and item.ignored_until >= today,
        "may_act": may_act,
        "sees_changes": user.access.reads_all("deployments.view_changeset"),
        "proposals": item.proposals.visible_to(user).select_related("application"),
        "earlier": DriftItem.objects.visible_to(user).filter(key=item.key).exclude(pk=item.pk),
        "today": today,
        "latest": today + acts.LONGEST,
        "in_a_month": today + A_MONTH,
    }
    return render_page(request, "intune_sync/drift_item.html", context, partial="intune_sync/drift_item.html")


@require_GET
def drift_devices(request: HttpRequest, pk: int) -> HttpResponse:
    """The computers that the difference is about, as its page counts them."""
    user = cast(User, request.user)
    item = _find(user, pk)
    devices = _devices(item, user)
    context = {
        "item": item,
        "page": page_of(request, devices.select_related("school"), {"name": "observed_name"}),
        "count": devices.count(),
    }
    return render_page(request, "intune_sync/drift_devices.html", context, partial="intune_sync/_drift_devices.html")


@require_POST
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _to_act_on(request, pk)
    try:
        done = acts.adopt(item, user, request.POST.get("reason", ""), timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(item)
    if done.change_set:
        return _planned(request, done.change_set, user)
    if done.proposals:
        messages.success(
            request, _("It is proposed to the committee. When it is decided, it becomes the portal’s own.")
        )
    else:
        messages.success(request, _("It is adopted."))
    return redirect(item)


@require_POST
def revert(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _to_act_on(request, pk)
    try:
        change_set = acts.revert(item, user, request.POST.get("reason", ""), timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(item)
    if change_set:
        return _planned(request, change_set, user)
    tasks.wake_write()
    messages.success(request, _("The group is put right now. It is over when Entra has been read again."))
    return redirect(item)


@require_POST
def ignore(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _to_act_on(request, pk)
    try:
        until = parse_date(request.POST.get("until", ""))
    except ValueError:
        until = None
    try:
        if until is None:
            raise ValidationError(_("Choose the day until which it is ignored."))
        acts.ignore(item, user, request.POST.get("reason", ""), until, timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("It is ignored. It comes back by itself when that day is over."))
    return redirect(item)


@require_POST
def heed(request: HttpRequest, pk: int) -> HttpResponse:
    item, user = _to_act_on(request, pk)
    try:
        acts.heed(item, user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("It is no longer ignored."))
    return redirect(item)


def _find(user: User, pk: int) -> DriftItem:
    return get_object_or_404(DriftItem.objects.visible_to(user).for_list(), pk=pk)


def _to_act_on(request: HttpRequest, pk: int) -> tuple[DriftItem, User]:
    user = cast(User, request.user)
    item = _find(user, pk)
    require(user, "intune_sync.handle_drift")
    return item, user


def _planned(request: HttpRequest, change_set: ChangeSet, user: User) -> HttpResponse:
    """On to the change, with its preview worked out if Intune can be read."""
    try:
        services.freeze_plan(change_set, user, timezone.now())
    except GraphError as error:
        messages.error(request, graph_sentence(error))
    else:
        messages.success(request, _("The change is prepared. Look at the preview; somebody else has to approve it."))
    return redirect(change_set)


def _devices(item: DriftItem, user: User) -> QuerySet[Device]:
    mine = Device.objects.visible_to(user)
    return devices_of(item.reach).filter(pk__in=mine.values("pk"))


def _unnamed_members(item: DriftItem) -> dict[str, Any] | None:
    """A group that stands for no container: how many are in it, if Entra said."""
    group_id = (item.after or {}).get("group_id")
    if not group_id or item.reach.get("include"):
        return None
    found = IntuneGroup.objects.filter(graph_id=group_id).first()
    return {"name": found.display_name, "members": found.member_count} if found else None
