"""How a request becomes a person: local sign-in, session, or API token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from schools.entra import standing
from schools.entra.refusals import REFUSALS
from schools.models import ApiToken, User
from schools.models.tokens import digest
from schools.sessions import for_session

LAST_USED_EVERY = timedelta(minutes=5)


class LocalBackend(BaseBackend):
    """User name and password kept in the portal: the demo's accounts, and break-glass."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **other: Any
    ) -> User | None:
        if username is None or password is None or not settings.LOCAL_ACCOUNTS:
            return None
        user = User.objects.filter(username=username, entra=None).first()
        if user is None:
            make_password(password)  # the same time as a real check, so that user names cannot be probed
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return for_session(user_id).first() if settings.LOCAL_ACCOUNTS else None


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in browser may use the API too (the API documentation does), with CSRF protection."""


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer tsk_…`. One query; the time of last use is written at most every five minutes."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = authentication.get_authorization_header(request).split()
        if not header or header[0].lower() != self.keyword.lower().encode():
            return None
        if len(header) != 2:
            raise AuthenticationFailed(_("The Authorization header should be “Bearer” and one token."))
        now = timezone.now()
        sent = digest(header[1].decode("latin-1"))
        token = ApiToken.objects.usable(now).select_related("user__entra").filter(digest=sent).first()
        if token is None:
            raise AuthenticationFailed(
                _("The token is unknown, has expired or was revoked. Make a new one under Account.")
            )
        if refusal := standing.refusal(token.user, now):
            raise AuthenticationFailed(str(REFUSALS[refusal]))
        if token.last_used_at is None or now - token.last_used_at > LAST_USED_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="api"'
