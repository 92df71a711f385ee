"""Signing in with Entra: off to its page, and back with a code.

The way there is a link and not a form: `form-action` of the content policy would also have to name every server that
Entra itself sends a municipality's people on to. The flow (state, nonce, PKCE verifier) lies in the session and is used
once.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from schools.entra import accounts
from schools.entra.backend import PATH
from schools.entra.door import Answer, door
from schools.entra.middleware import NOTE
from schools.entra.refusals import EntraUnreachable, SignInRefused
from schools.models import User

log = logging.getLogger(__name__)

FLOW = "entra_flow"
FLOW_SECONDS = 15 * 60


@require_GET
@never_cache
@login_not_required
def begin(request: HttpRequest) -> HttpResponse:
    going_to = _safe(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(going_to)
    try:
        flow = door().begin(f"{settings.SITE_URL}{reverse('schools:entra_return')}")
    except (SignInRefused, EntraUnreachable) as refused:
        return _back_to_the_page(request, refused)
    request.session[FLOW] = {"flow": flow, "next": going_to, "begun": time.time()}
    return redirect(flow["auth_uri"])


@require_GET
@never_cache
@login_not_required
def come_back(request: HttpRequest) -> HttpResponse:
    kept = request.session.pop(FLOW, None)
    if kept is None and request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    try:
        user = _admitted(_redeemed(request, kept))
    except (SignInRefused, EntraUnreachable) as refused:
        return _back_to_the_page(request, refused)
    login(request, user, backend=PATH)  # gives the session another key
    return redirect(kept["next"])


def _redeemed(request: HttpRequest, kept: dict[str, Any] | None) -> Answer:
    """Entra's answer for the code in the address. Raises SignInRefused, of which the audit trail hears if a sign-in was
    begun here; or EntraUnreachable."""
    if kept is None:
        raise SignInRefused("begun_elsewhere")
    try:
        if time.time() - kept["begun"] > FLOW_SECONDS:
            raise SignInRefused("too_late")
        if not constant_time_compare(request.GET.get("state", ""), kept["flow"]["state"]):
            raise SignInRefused("state")
        if "code" not in request.GET:
            raise SignInRefused("declined", request.GET.get("error", "")[:60])
        return door().redeem(kept["flow"], request.GET.dict())
    except SignInRefused as refused:
        accounts.note_refusal(refused.code)
        raise


def _admitted(answer: Answer) -> User:
    try:
        return accounts.admit(answer, timezone.now())
    except SignInRefused as refused:
        accounts.note_refusal(refused.code, answer.claims)
        raise


def _back_to_the_page(request: HttpRequest, refused: SignInRefused | EntraUnreachable) -> HttpResponse:
    log.warning("Sign-in by Entra refused: %s", refused)
    request.session[NOTE] = refused.code if isinstance(refused, SignInRefused) else "unreachable"
    return redirect("schools:login")


def _safe(request: HttpRequest, address: str) -> str:
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return resolve_url(settings.LOGIN_REDIRECT_URL)
