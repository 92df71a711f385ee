"""The buttons of an exception: each looks it up among what the person sees, asks the rule, and does one act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deployments.models import SoftwareException
from deployments.services import exceptions
from deployments.views.person import person
from schools.decorators import require
from schools.models import User

Act = Callable[[SoftwareException, User], Any]


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk, "deployments.decide_exception")
    return _done(request, found, exceptions.approve, _("Thank you. Whoever asked is told."))


@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    found, reason = _found(request, pk, "deployments.decide_exception"), _text(request)
    return _done(request, found, lambda row, by: exceptions.refuse(row, by, reason), _("Refused. Who asked sees why."))


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found, reason = _found(request, pk, "deployments.end_exception"), _text(request)
    return _done(request, found, lambda row, by: exceptions.withdraw(row, by, reason), _("The exception is withdrawn."))


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    found, reason = _found(request, pk, "deployments.end_exception"), _text(request)
    text = _("It ends now. What was decided before holds again as soon as Intune has been told.")
    return _done(request, found, lambda row, by: exceptions.end(row, by, reason), text)


@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    found, reason, last = _found(request, pk, "deployments.renew_exception"), _text(request), _day(request)
    if last is None:
        messages.error(request, _("Say until which day it is to be renewed."))
        return redirect(found)
    text = _("Asked for. Somebody else decides, and nothing changes for the computers meanwhile.")
    return _done(request, found, lambda row, by: exceptions.renew(row, last, reason, by), text)


@require_POST
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    found = _found(request, pk, "deployments.decide_exception")
    return _done(request, found, exceptions.grant, _("Renewed. Whoever asked is told."))


@require_POST
def refuse_renewal(request: HttpRequest, pk: int) -> HttpResponse:
    found, reason = _found(request, pk, "deployments.decide_exception"), _text(request)
    text = _("Not renewed. It ends on its last day.")
    return _done(request, found, lambda row, by: exceptions.refuse_renewal(row, by, reason), text)


def _found(request: HttpRequest, pk: int, permission: str) -> SoftwareException:
    user = person(request)
    found = get_object_or_404(SoftwareException.objects.visible_to(user).for_list(), pk=pk)
    require(user, permission, found)
    return found


def _done(request: HttpRequest, found: SoftwareException, act: Act, text: str) -> HttpResponse:
    try:
        act(found, person(request))
    except ValidationError as error:
        for each in error.messages:
            messages.error(request, each)
    else:
        messages.success(request, text)
    return redirect(found)


def _text(request: HttpRequest) -> str:
    """As much as the column takes, without what PostgreSQL cannot hold."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:2000]


def _day(request: HttpRequest) -> date | None:
    try:
        return parse_date(request.POST.get("ends_on", ""))
    except ValueError:  # such as 30 February
        return None
