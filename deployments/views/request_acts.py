"""The buttons of a request: each looks it up among what the person sees, asks the rule, and does one act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deployments.models import Application, AppRequest
from deployments.services import requests
from deployments.views.person import person
from schools.decorators import require
from schools.models import User

Act = Callable[[AppRequest, User], Any]


@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.make_apprequest", found.school)
    return _done(request, found, requests.submit, _("Sent. The school's approver decides, and you are told."))


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.decide_apprequest", found)
    return _done(request, found, requests.approve, _("Approved. Those who asked are told when it is on its way."))


@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.decide_apprequest", found)
    reason = _text(request, "reason")
    return _done(
        request, found, lambda row, by: requests.refuse(row, by, reason), _("Refused. Those who asked see why.")
    )


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.withdraw_apprequest", found)
    reason = _text(request, "reason")
    return _done(request, found, lambda row, by: requests.withdraw(row, by, reason), _("The request is withdrawn."))


@require_POST
def say(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.write_apprequest", found)
    text = _text(request, "text")
    return _done(request, found, lambda row, by: requests.say(row, by, text), _("Sent to those who are concerned."))


@require_POST
def pilot_works(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.follow_apprequest", found)
    return _done(request, found, requests.pilot_works, _("Thank you. The rest of the computers follow by themselves."))


@require_POST
def skip_pilot(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.follow_apprequest", found)
    reason = _text(request, "reason")
    text = _("All computers get it now, without trying first.")
    return _done(request, found, lambda row, by: requests.skip_pilot(row, by, reason), text)


@require_POST
def to_committee(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.review_apprequest")
    reason = _text(request, "reason")
    text = _("It stands on the agenda of the next meeting by itself.")
    return _done(request, found, lambda row, by: requests.to_committee(row, by, reason), text)


@require_POST
def name_application(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.review_apprequest")
    application = Application.objects.filter(pk=_key(request, "application")).first()
    if application is None:
        return _refused(request, found, _("Choose an application of the catalogue."))
    text = _("The request is now about %(application)s.") % {"application": application}
    return _done(request, found, lambda row, by: requests.name_application(row, application, by), text)


@require_POST
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = _found(request, pk)
    require(user, "deployments.review_apprequest")
    into = AppRequest.objects.visible_to(user).filter(pk=_key(request, "into")).first()
    if into is None:
        return _refused(request, found, _("Choose another request that nobody has decided yet."))
    return _done(request, found, lambda row, by: requests.merge(row, into, by), _("The two requests are one now."))


def _found(request: HttpRequest, pk: int) -> tuple[User, AppRequest]:
    user = person(request)
    return user, get_object_or_404(AppRequest.objects.visible_to(user).for_list(), pk=pk)


def _done(request: HttpRequest, found: AppRequest, act: Act, text: str) -> HttpResponse:
    try:
        act(found, person(request))
    except ValidationError as error:
        return _refused(request, found, *error.messages)
    messages.success(request, text)
    return redirect(found)


def _refused(request: HttpRequest, found: AppRequest, *texts: str) -> HttpResponse:
    for text in texts:
        messages.error(request, text)
    return redirect(found)


def _text(request: HttpRequest, name: str) -> str:
    """As much as the column takes, without what PostgreSQL cannot hold."""
    return request.POST.get(name, "").replace("\0", "").strip()[:2000]


def _key(request: HttpRequest, name: str) -> int:
    """0, which is no row's key, for what is no key."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
