"""The one place that speaks with Entra about people: begin, redeem, renew, sign out.

The protocol with PKCE is msal's; it checks the nonce and leaves all else of the ID token to `id_token.py`. Nothing is
kept but Entra's own description of itself and its public keys.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

import jwt
import msal
from django.conf import settings

from schools.app_registration import FAILURES, AppRegistration, Http, application
from schools.entra.id_token import Expected, judged
from schools.entra.refusals import EntraUnreachable, SignInRefused

Json = dict[str, Any]

CONNECT_AND_READ_SECONDS = (5, 10)
KEYS_KEPT_SECONDS = 3600
SPARED_SECONDS = 15
"""When Entra has not answered, this process does not wait for it again so long: its threads have other work."""
GONE_NUMBERS = {50034, 50057, 50105}
"""AADSTS: no such account; disabled; not assigned to this application."""
ABOUT_THE_PERSON = {"invalid_grant", "interaction_required", "consent_required", "login_required"}


@dataclass(frozen=True)
class Answer:
    """What Entra says of somebody now: claims that have been judged, and the token to ask again with."""

    claims: Json
    refresh_token: str


def registration() -> AppRegistration | None:
    """None where no sign-in by Entra is set up."""
    if not settings.SIGN_IN_CLIENT_ID or not settings.TENANT_ID:
        return None
    return AppRegistration(
        authority_url=settings.AUTHORITY_URL,
        tenant_id=settings.TENANT_ID,
        client_id=settings.SIGN_IN_CLIENT_ID,
        secret=settings.SIGN_IN_CLIENT_SECRET,
        certificate=settings.SIGN_IN_CLIENT_CERTIFICATE,
        ca_bundle=settings.GRAPH_CA_BUNDLE,
    )


def is_open() -> bool:
    return registration() is not None


def door() -> Door:
    """Raises SignInRefused where no sign-in is set up."""
    registered = registration()
    if registered is None:
        raise SignInRefused("off")
    return _door(registered)


@lru_cache(maxsize=4)
def _door(registered: AppRegistration) -> Door:
    return Door(registered)


class Door:
    """One for each process; threads may share it."""

    def __init__(self, registered: AppRegistration) -> None:
        self._registered = registered
        self._http = Http(registered.ca_bundle, CONNECT_AND_READ_SECONDS)
        self._keys: tuple[float, jwt.PyJWKSet] | None = None
        self._spared_until = 0.0

    def begin(self, redirect_uri: str) -> Json:
        """The flow to keep in the session; its `auth_uri` is where to send the person. Raises EntraUnreachable.

        Entra answers in the address: a form posted from there would come without the session, whose cookie is Lax.
        """
        try:
            flow: Json = self._msal.initiate_auth_code_flow([], redirect_uri=redirect_uri, response_mode="query")
        except FAILURES as error:
            raise EntraUnreachable(type(error).__name__) from error
        return flow

    def redeem(self, flow: Json, response: Mapping[str, str]) -> Answer:
        """Trade the code for claims. Raises SignInRefused or EntraUnreachable."""
        try:
            answer = self._msal.acquire_token_by_auth_code_flow(dict(flow), dict(response))
        except RuntimeError as error:  # msal's word for a nonce that does not match
            raise SignInRefused("nonce") from error
        except FAILURES as error:
            raise EntraUnreachable(type(error).__name__) from error
        if "error" in answer:
            if answer["error"] in ABOUT_THE_PERSON:
                raise SignInRefused("code", _first_line(answer))
            raise EntraUnreachable(_first_line(answer))
        return self._judged(answer)

    def renew(self, refresh_token: str) -> Answer:
        """What Entra says now. Raises SignInRefused: `closed` when the person is gone, `again` when they must sign in
        themselves. Raises EntraUnreachable when it says nothing about the person."""
        if time.monotonic() < self._spared_until:
            raise EntraUnreachable("it has just not answered")
        try:
            answer = self._msal.acquire_token_by_refresh_token(refresh_token, [])
        except FAILURES as error:
            self._spared_until = time.monotonic() + SPARED_SECONDS
            raise EntraUnreachable(type(error).__name__) from error
        if "error" in answer:
            if answer["error"] not in ABOUT_THE_PERSON:
                raise EntraUnreachable(_first_line(answer))
            gone = GONE_NUMBERS.intersection(answer.get("error_codes", ()))
            raise SignInRefused("closed" if gone else "again", _first_line(answer))
        return self._judged(answer)

    def sign_out_url(self, back_to: str) -> str:
        """Where a person ends their session at Entra too. Raises EntraUnreachable."""
        address = self._described.get("end_session_endpoint", "")
        return f"{address}?{urlencode({'post_logout_redirect_uri': back_to})}"

    def _judged(self, answer: Json) -> Answer:
        registered = self._registered
        expected = Expected(self._described["issuer"], registered.client_id, registered.tenant_id)
        claims = judged(str(answer.get("id_token", "")), self._key, expected)
        return Answer(claims, str(answer.get("refresh_token", "")))

    def _key(self, key_id: str) -> jwt.PyJWK | None:
        """Entra changes its keys without notice: an unknown one is looked for once more."""
        for fresh in (False, True):
            for key in self._key_set(fresh=fresh).keys:
                if key.key_id == key_id:
                    return key
        return None

    def _key_set(self, *, fresh: bool) -> jwt.PyJWKSet:
        kept = self._keys
        if fresh or kept is None or kept[0] < time.monotonic():
            try:
                found = jwt.PyJWKSet.from_dict(self._read(self._described["jwks_uri"]))
            except jwt.PyJWTError as error:  # an answer without keys
                raise EntraUnreachable(type(error).__name__) from error
            self._keys = kept = (time.monotonic() + KEYS_KEPT_SECONDS, found)
        return kept[1]

    @cached_property
    def _described(self) -> Json:
        return self._read(f"{self._registered.authority}/v2.0/.well-known/openid-configuration")

    @cached_property
    def _msal(self) -> msal.ConfidentialClientApplication:
        return application(self._registered, self._http, token_cache=_Forgetful())

    def _read(self, url: str) -> Json:
        try:
            answer = self._http.get(url)
            answer.raise_for_status()
            found: Json = answer.json()
        except FAILURES as error:
            raise EntraUnreachable(type(error).__name__) from error
        return found


class _Forgetful(msal.TokenCache):  # type: ignore[misc]
    """Tokens of people stay where `accounts.py` puts them, and nowhere else."""

    def add(self, event: Json, now: float | None = None) -> None:
        pass


def _first_line(answer: Json) -> str:
    """Entra's reason without its trace ids. It may name the account, so it is cut after the number."""
    return str(answer.get("error_description") or answer["error"]).split(":", 1)[0][:60]
