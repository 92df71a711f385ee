"""Entra's sign-in for people: authorization code with PKCE in, ID token out.

Times in tokens are wall time, as whoever checks them has no other clock.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .chance import guid
from .people import Person
from .registrations import Registration
from .switches import Settings, switch
from .tokens import TokenRefused, Tokens, check_credential

Json = dict[str, Any]

CODE_SECONDS, ID_TOKEN_SECONDS = 600.0, 3600
ID_TOKEN = switch(
    "id_token",
    "right",
    "What is wrong with the ID tokens that are given out.",
    *("right", "wrong_issuer", "wrong_audience", "wrong_nonce", "expired", "not_yet", "other_tenant", "no_roles"),
    *("wrong_key", "unsigned"),
)
OTHER_TENANT = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of an authorization request, checked."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str
    response_mode: str


@dataclass(slots=True)
class Code:
    asked: Asked
    person: Person
    until: float
    used: bool = False


class SignIn:
    def __init__(self, tokens: Tokens, people: dict[str, Person], seed: int, settings: Settings) -> None:
        self.tokens, self.seed, self.settings = tokens, seed, settings
        self.people = people
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, tuple[Asked, Person]] = {}

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def key_id(self) -> str:
        return guid(self.seed, "key", secrets.token_hex(8))

    def keys(self) -> Json:
        public: Json = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "use": "sig", "kid": self.key_id, "alg": "RS256"}]}

    def asked(self, query: Mapping[str, str]) -> Asked:
        """Raises TokenRefused for what Entra shows on a page of its own instead of sending it back."""
        app = self.tokens.registered(dict(query))
        redirect_uri = query.get("redirect_uri", "")
        if not _allowed(app, redirect_uri):
            text = f"The redirect URI '{redirect_uri}' in the request does not match those of the application."
            raise TokenRefused("invalid_request", 50011, text)
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            raise TokenRefused("invalid_request", 900144, "response_type must be 'code', and scope hold 'openid'.")
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            raise TokenRefused("invalid_request", 501461, "Only the code challenge method S256 is supported.")
        return Asked(
            client_id=app.client_id,
            redirect_uri=redirect_uri,
            scope=query.get("scope", ""),
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            response_mode=query.get("response_mode", "query"),
        )

    def admit(self, asked: Asked, principal_name: str) -> str:
        """The code for somebody who has signed in. Raises TokenRefused."""
        person = self.people.get(principal_name.lower())
        if person is None:
            raise TokenRefused("invalid_grant", 50034, f"The user account {principal_name} does not exist.")
        _require_enabled(person)
        code = secrets.token_urlsafe(48)
        self._codes[code] = Code(asked, person, time.time() + CODE_SECONDS)
        return code

    def grant(self, form: Json, token_url: str) -> Json:
        """The answer for a code or a refresh token. Raises TokenRefused."""
        app = self.tokens.registered(form)
        check_credential(app, form, token_url)
        if form.get("grant_type") == "refresh_token":
            asked, person = self._refreshed(app, form)
        else:
            asked, person = self._redeemed(app, form)
        _require_enabled(person)
        return self._answer(asked, person, issuer=token_url.replace("/oauth2/v2.0/token", "/v2.0"))

    def _redeemed(self, app: Registration, form: Json) -> tuple[Asked, Person]:
        code = self._codes.get(str(form.get("code")))
        if code is None or code.asked.client_id != app.client_id:
            raise TokenRefused("invalid_grant", 9002313, "Invalid request. The authorization code is malformed.")
        if code.used:
            raise TokenRefused("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        code.used = True
        if time.time() > code.until:
            raise TokenRefused("invalid_grant", 70008, "The provided authorization code has expired.")
        if form.get("redirect_uri") != code.asked.redirect_uri:
            raise TokenRefused("invalid_grant", 500112, "The reply address does not match the one of the request.")
        verifier = str(form.get("code_verifier", ""))
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if code.asked.challenge and not hmac.compare_digest(digest, code.asked.challenge):
            raise TokenRefused("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
        return code.asked, code.person

    def _refreshed(self, app: Registration, form: Json) -> tuple[Asked, Person]:
        found = self._refresh.pop(str(form.get("refresh_token")), None)
        if found is None or found[0].client_id != app.client_id:
            raise TokenRefused("invalid_grant", 70000, "The provided value for 'refresh_token' is not valid.")
        return found

    def _answer(self, asked: Asked, person: Person, issuer: str) -> Json:
        answer: Json = {
            "token_type": "Bearer",
            "scope": asked.scope,
            "expires_in": ID_TOKEN_SECONDS,
            "ext_expires_in": ID_TOKEN_SECONDS,
            # For Graph on behalf of the person, which the portal never asks for: nothing accepts it.
            "access_token": secrets.token_urlsafe(64),
            "id_token": self._id_token(asked, person, issuer),
            "client_info": _encoded({"uid": person.oid, "utid": self.tokens.tenant_id}),
        }
        if "offline_access" in asked.scope.split():
            answer["refresh_token"] = secrets.token_urlsafe(64)
            self._refresh[answer["refresh_token"]] = asked, person
        return answer

    def _id_token(self, asked: Asked, person: Person, issuer: str) -> str:
        wrong, now = self.settings[ID_TOKEN], int(time.time())
        tenant_id = self.tokens.tenant_id
        claims: Json = {
            "aud": asked.client_id,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + ID_TOKEN_SECONDS,
            "name": person.name,
            "nonce": asked.nonce,
            "oid": person.oid,
            "preferred_username": person.user_principal_name,
            "roles": list(person.roles),
            "groups": list(person.groups),
            "sub": hashlib.sha256(f"{asked.client_id}/{person.oid}".encode()).hexdigest()[:43],
            "tid": tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "2.0",
        }
        claims |= _wrongs(wrong, now, issuer, tenant_id)
        for name in ("roles", "groups"):
            if not claims[name] or wrong == "no_roles":
                del claims[name]
        if wrong == "unsigned":
            return jwt.encode(claims, "", algorithm="none")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048) if wrong == "wrong_key" else self.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self.key_id})


def _wrongs(wrong: str, now: int, issuer: str, tenant_id: str) -> Json:
    changes: dict[str, Json] = {
        "wrong_issuer": {"iss": "https://login.example/common/v2.0"},
        "wrong_audience": {"aud": str(uuid4())},
        "wrong_nonce": {"nonce": secrets.token_urlsafe(16)},
        "expired": {"iat": now - 7200, "nbf": now - 7200, "exp": now - 3600},
        "not_yet": {"iat": now + 3600, "nbf": now + 3600, "exp": now + 7200},
        "other_tenant": {"tid": OTHER_TENANT, "iss": issuer.replace(tenant_id, OTHER_TENANT)},
    }
    return changes.get(wrong, {})


def _allowed(app: Registration, redirect_uri: str) -> bool:
    """Registered addresses; an app without any takes all that could be registered."""
    if app.redirect_uris:
        return redirect_uri in app.redirect_uris
    return redirect_uri.startswith(("https://", "http://localhost", "http://127.0.0.1"))


def _require_enabled(person: Person) -> None:
    if not person.enabled:
        raise TokenRefused("invalid_grant", 50057, f"The user account {person.user_principal_name} is disabled.")


def _encoded(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
