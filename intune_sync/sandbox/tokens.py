"""Entra's token endpoint for apps: client secret or signed assertion in, bearer token out."""

import hmac
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509

from .chance import hexadecimal
from .clock import Clock
from .registrations import Registration

Json = dict[str, Any]

LIFETIME_SECONDS = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(Exception):
    """`error` and `text` as Entra words them; `number` is the AADSTS code."""

    def __init__(self, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.error, self.number, self.text = error, number, text


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: the app roles of the moment at which it was issued."""

    client_id: str
    identity: str
    roles: frozenset[str]
    until: float


NOBODY = Grant("", "", frozenset(), 0.0)


@dataclass(slots=True)
class Tokens:
    clock: Clock
    seed: int
    tenant_id: str
    registrations: list[Registration]
    signing_key: bytes
    lifetime_seconds: float = LIFETIME_SECONDS
    issued: int = 0
    _grants: dict[str, Grant] = field(default_factory=dict)

    @property
    def main(self) -> Registration:
        return self.registrations[0]

    def grant(self, form: Json, token_url: str) -> Json:
        """The token answer. Raises TokenRefused."""
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        app = self.registered(form)
        if not str(form.get("scope", "")).endswith("/.default"):
            raise TokenRefused("invalid_scope", 1002012, "The provided value for scope is not valid: use /.default.")
        check_credential(app, form, token_url)
        return {
            "token_type": "Bearer",
            "expires_in": int(self.lifetime_seconds),
            "ext_expires_in": int(self.lifetime_seconds),
            "access_token": self._issue(app),
        }

    def registered(self, form: Json) -> Registration:
        """The app that asks. Raises TokenRefused."""
        client_id = form.get("client_id")
        app = next((each for each in self.registrations if each.client_id == client_id), None)
        if app is None:
            text = f"Application with identifier '{client_id}' was not found in the directory."
            raise TokenRefused("unauthorized_client", 700016, text)
        return app

    def grant_of(self, authorization: str) -> Grant:
        """NOBODY when the bearer token is missing, unknown or expired."""
        kind, _, token = authorization.partition(" ")
        found = self._grants.get(token.strip(), NOBODY) if kind.lower() == "bearer" else NOBODY
        return found if found.until > self.clock.now() else NOBODY

    def expire_all(self) -> None:
        self._grants.clear()

    def _issue(self, app: Registration) -> str:
        now = self.clock.now()
        self.issued += 1
        claims = {
            "aud": "https://graph.microsoft.com",
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "appid": app.client_id,
            "roles": sorted(app.roles),
            "tid": self.tenant_id,
            "iat": int(now),
            "exp": int(now + self.lifetime_seconds),
            "uti": hexadecimal(22, self.seed, "token", self.issued, now),
        }
        token = jwt.encode(claims, self.signing_key, algorithm="HS256")
        self._grants = {each: grant for each, grant in self._grants.items() if grant.until > now}
        self._grants[token] = Grant(app.client_id, app.name, frozenset(app.roles), now + self.lifetime_seconds)
        return token


def check_credential(app: Registration, form: Json, token_url: str) -> None:
    """Raises TokenRefused."""
    if form.get("client_assertion_type") == ASSERTION_TYPE:
        _check_assertion(app, str(form.get("client_assertion", "")), token_url)
    elif not hmac.compare_digest(str(form.get("client_secret", "")).encode(), app.client_secret.encode()):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
            f"value, not the client secret ID, for a secret added to app '{app.client_id}'."
        )
        raise TokenRefused("invalid_client", 7000215, text)


def _check_assertion(app: Registration, assertion: str, token_url: str) -> None:
    key: Any = ""
    try:
        if app.certificate:
            key = x509.load_pem_x509_certificate(app.certificate.encode()).public_key()
        jwt.decode(
            assertion,
            key,
            algorithms=["RS256", "PS256"],
            audience=token_url,
            issuer=app.client_id,
            options={"verify_signature": bool(app.certificate), "verify_aud": True, "verify_iss": True},
        )
    except jwt.PyJWTError as error:
        raise TokenRefused("invalid_client", 700027, f"The client assertion is not valid: {error}.") from error
