"""A class group's computers, which the school's own IT people and IT administrators may change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.services import class_groups
from deployments.services.profiles import container_of
from deployments.software import effective_for_container
from deployments.views.past import Subject, asks_for_a_day, effective_then
from deployments.views.person import person
from fleet.models import Device
from schools.converters import LARGEST_KEY
from schools.decorators import require
from schools.forms import Styled
from schools.models import ClassGroup, School, User

MOST_OFFERED = 50


class NameForm(Styled, forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the class group"), max_length=50)


@require_GET
def class_group(request: HttpRequest, pk: int) -> HttpResponse:
    """`?q=` narrows the school's other computers, of which the first are offered."""
    user = person(request)
    found = _group(user, pk)
    place = container_of(found)
    if asks_for_a_day(request):
        subject = Subject(str(found), request.path)
        return effective_then(request, subject, lambda revision: effective_for_container(place, revision))
    sees_computers = user.access.reads("fleet.view_device", found.school_id)
    may_edit = found.removed_at is None and user.has_perm("deployments.edit_class_group", found.school)
    sought = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    devices = Device.objects.visible_to(user).filter(school=found.school_id).select_related("hardware_model")
    others = devices.exclude(class_group=found).exclude(lifecycle=Device.Lifecycle.RETIRED)
    context = {
        "group": found,
        "members": devices.filter(class_group=found).order_by("observed_name", "pk") if sees_computers else [],
        "others": _first(others.select_related("class_group"), sought) if may_edit else [],
        "most": MOST_OFFERED,
        "sought": sought,
        "sees_computers": sees_computers,
        "may_edit": may_edit,
        "may_except": found.removed_at is None and user.has_perm("deployments.ask_exception", found.school),
        "name_form": NameForm(initial={"name": found.name}) if may_edit else None,
        "kept_because": class_groups.why_kept(found) if may_edit else [],
        "profile": place if place.pk else None,
        "effective": effective_for_container(place),
        "group_address": request.path,
        "today": timezone.localdate(),
    }
    return render(request, "deployments/class_group.html", context)


def _first(devices: Any, sought: str) -> list[Device]:
    return list((devices.matching(sought) if sought else devices).order_by("observed_name", "pk")[:MOST_OFFERED])


def _group(user: User, pk: int) -> ClassGroup:
    mine = ClassGroup.objects.filter(user.access.schools_q("schools.view_school", "school_id"))
    return get_object_or_404(mine.select_related("school__school_form"), pk=pk)


@require_http_methods(["GET", "POST"])
def class_group_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The class groups of a school; whoever keeps them may add one."""
    user = person(request)
    school = get_object_or_404(School.objects.visible_to(user), pk=pk)
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        require(user, "deployments.edit_class_group", school)
        if form.is_valid() and (group := _added(form, school, user)):
            return redirect("deployments:class_group", group.pk)
    groups = ClassGroup.objects.current().filter(school=school)
    context = {
        "school": school,
        "groups": groups.annotate(size=Count("devices", filter=Q(devices__school=school))),
        "form": form,
        "may_edit": user.has_perm("deployments.edit_class_group", school),
    }
    return render(request, "deployments/class_group_list.html", context, status=400 if form.is_bound else 200)


def _added(form: NameForm, school: School, user: User) -> ClassGroup | None:
    try:
        return class_groups.add_class_group(school, form.cleaned_data["name"], by=user)
    except ValidationError as error:
        form.add_error("name", error.messages)
        return None


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    group = _group(user, pk)
    require(user, "deployments.edit_class_group", group.school)
    form = NameForm(request.POST)
    try:
        if form.is_valid():
            group = class_groups.rename(group, form.cleaned_data["name"], by=user)
            messages.success(request, _("The class group is now called %(group)s.") % {"group": group})
        else:
            messages.error(request, _("Give the class group a name of at most 50 characters."))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("deployments:class_group", group.pk)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    group = _group(user, pk)
    require(user, "deployments.edit_class_group", group.school)
    try:
        class_groups.remove(group, by=user, now=timezone.now())
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return redirect("deployments:class_group", group.pk)
    messages.success(request, _("%(group)s is removed. Its computers follow the school now.") % {"group": group})
    return redirect("deployments:class_group_list", group.school_id)


@require_POST
def put_in(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    group = _group(user, pk)
    require(user, "deployments.edit_class_group", group.school)
    try:
        count = class_groups.put_in(group, _keys(request.POST.getlist("device")), by=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        text = ngettext(
            "%(count)d computer was added to %(group)s.", "%(count)d computers were added to %(group)s.", count
        )
        messages.success(request, text % {"count": count, "group": group})
    return redirect("deployments:class_group", group.pk)


@require_POST
def take_out(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    group = _group(user, pk)
    require(user, "deployments.edit_class_group", group.school)
    device = Device.objects.visible_to(user).filter(pk__in=_keys([request.POST.get("device", "")])).first()
    if device:
        class_groups.take_out(group, device, by=user)
        messages.success(request, _("%(device)s is no longer in %(group)s.") % {"device": device, "group": group})
    return redirect("deployments:class_group", group.pk)


def _keys(texts: list[str]) -> list[int]:
    """What is no key is left out."""
    return [int(text) for text in texts if text.isdecimal() and int(text) <= LARGEST_KEY]
