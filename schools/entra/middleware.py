"""A session by Entra lasts only as long as Entra says that the person is there."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import BACKEND_SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from schools.entra import standing
from schools.entra.backend import PATH
from schools.models import User

NOTE = "sign_in_note"
"""Under this name the session keeps a code of `schools.entra.refusals`, for the sign-in page to say."""


class AsEntraSays:
    """Signs people out whom Entra no longer admits; they meet the sign-in page, which says why."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.get(BACKEND_SESSION_KEY) == PATH:
            user = request.user
            refusal = standing.refusal(user, timezone.now()) if isinstance(user, User) else "closed"
            if refusal:
                logout(request)
                request.session[NOTE] = refusal
        return self.get_response(request)
