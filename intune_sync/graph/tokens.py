"""Access tokens for the app registration, by msal, with a secret or a certificate."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import msal

from intune_sync import own_words
from intune_sync.graph.errors import GraphUnavailable, Unauthenticated
from intune_sync.graph.token_shelf import TokenShelf
from schools.app_registration import FAILURES, AppRegistration, Http, application

CONNECT_AND_READ_SECONDS = (5, 30)
EARLIER_SECONDS = 300
"""A token is left so long before it expires."""
REFUSED_KEPT = 4
"""Refused tokens that are not taken from the shelf again. The one there may be another, and as old."""


@dataclass(frozen=True, kw_only=True)
class Registration(AppRegistration):
    """An app registration for calls to Graph."""

    scope: str

    def credential(self) -> str | dict[str, str]:
        """What msal wants. Raises Unauthenticated when there is none."""
        if not (self.certificate or self.secret):
            raise Unauthenticated(own_words.NO_CREDENTIAL)
        try:
            return super().credential()
        except OSError as error:
            said = own_words.with_detail(own_words.CERTIFICATE_UNREADABLE, error.strerror)
            raise Unauthenticated(said) from error


class TokenSource:
    """Fetches the token when there is none, it has nearly expired, or Graph has refused it: once for all threads, and
    by the shelf once for all processes. Safe to share between threads."""

    def __init__(self, registration: Registration, shelf: TokenShelf | None = None) -> None:
        self._registration = registration
        self._shelf = shelf
        self._lock = threading.Lock()
        self._application: msal.ConfidentialClientApplication | None = None
        self._token, self._until = "", 0.0
        self._refused: deque[str] = deque(maxlen=REFUSED_KEPT)

    def token(self) -> str:
        """A token that is believed to be good. Raises Unauthenticated or GraphUnavailable."""
        with self._lock:
            if not self._token or time.time() >= self._until:
                self._token, self._until = self._found() or self._fetched()
            return self._token

    def forget(self, token: str) -> None:
        """Graph refused `token`: the next call gets a new one, unless another thread has fetched it already."""
        with self._lock:
            if self._token == token:
                self._token = ""
                self._refused.append(token)

    def _found(self) -> tuple[str, float] | None:
        if self._shelf is None:
            return None
        return self._shelf.find(self._refused) or self._shelf.wait_for_another(self._refused)

    def _fetched(self) -> tuple[str, float]:
        try:
            token, until = self._acquired()
            if self._shelf:
                self._shelf.put(token, until)
            return token, until
        finally:
            if self._shelf:
                self._shelf.end_turn()

    def _acquired(self) -> tuple[str, float]:
        """From the sign-in service, never from msal's own memory."""
        try:
            app = self._app()
            app.remove_tokens_for_client()
            answer = app.acquire_token_for_client([self._registration.scope])
        except FAILURES as error:
            said = own_words.with_detail(own_words.SIGN_IN_UNREACHABLE, type(error).__name__)
            raise GraphUnavailable(said) from error
        if "access_token" not in answer:
            raise Unauthenticated(_first_line(answer), code=str(answer.get("error", "")))
        lasts = float(answer.get("expires_in", 0))
        return str(answer["access_token"]), time.time() + lasts - min(EARLIER_SECONDS, lasts / 2)

    def _app(self) -> msal.ConfidentialClientApplication:
        if self._application is None:
            http = Http(self._registration.ca_bundle, CONNECT_AND_READ_SECONDS)
            self._application = application(self._registration, http)
        return self._application


def _first_line(answer: dict[str, Any]) -> str:
    """Microsoft's reason without its trace ids, which follow on further lines."""
    lines = str(answer.get("error_description") or answer.get("error") or "").splitlines()
    return lines[0].split(" Trace ID", 1)[0] if lines else "The sign-in service gave no token."
