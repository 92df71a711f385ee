"""Entra's token endpoint for apps: client secret or signed assertion in, bearer token out."""

import hmac
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509

from .chance import hexadecimal
from .clock import Clock

Json = dict[str, Any]

LIFETIME_SECONDS = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(Exception):
    """`error` and `text` as Entra words them; `number` is the AADSTS code."""

    def __init__(self, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.error, self.number, self.text = error, number, text


@dataclass(slots=True)
class Tokens:
    """`certificate` is the app's public one as PEM; without it the signature of an assertion is not judged."""

    clock: Clock
    seed: int
    tenant_id: str
    client_id: str
    client_secret: str
    signing_key: bytes
    certificate: str | None = None
    lifetime_seconds: float = LIFETIME_SECONDS
    issued: int = 0
    _valid_until: dict[str, float] = field(default_factory=dict)

    def grant(self, form: Json, token_url: str) -> Json:
        """The token answer. Raises TokenRefused."""
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client_id:
            text = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            raise TokenRefused("unauthorized_client", 700016, text)
        if not str(form.get("scope", "")).endswith("/.default"):
            raise TokenRefused("invalid_scope", 1002012, "The provided value for scope is not valid: use /.default.")
        self._check_credential(form, token_url)
        return {
            "token_type": "Bearer",
            "expires_in": int(self.lifetime_seconds),
            "ext_expires_in": int(self.lifetime_seconds),
            "access_token": self._issue(),
        }

    def client_of(self, authorization: str) -> str | None:
        """The app the bearer token was given to; None when it is missing, unknown or expired."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or self._valid_until.get(token.strip(), 0) <= self.clock.now():
            return None
        return self.client_id

    def expire_all(self) -> None:
        self._valid_until.clear()

    def _issue(self) -> str:
        now = self.clock.now()
        self.issued += 1
        claims = {
            "aud": "https://graph.microsoft.com",
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "appid": self.client_id,
            "tid": self.tenant_id,
            "iat": int(now),
            "exp": int(now + self.lifetime_seconds),
            "uti": hexadecimal(22, self.seed, "token", self.issued, now),
        }
        token = jwt.encode(claims, self.signing_key, algorithm="HS256")
        self._valid_until = {each: until for each, until in self._valid_until.items() if until > now}
        self._valid_until[token] = now + self.lifetime_seconds
        return token

    def _check_credential(self, form: Json, token_url: str) -> None:
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            self._check_assertion(str(form.get("client_assertion", "")), token_url)
        elif not hmac.compare_digest(str(form.get("client_secret", "")).encode(), self.client_secret.encode()):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{self.client_id}'."
            )
            raise TokenRefused("invalid_client", 7000215, text)

    def _check_assertion(self, assertion: str, token_url: str) -> None:
        key: Any = ""
        try:
            if self.certificate:
                key = _public_key(self.certificate)
            jwt.decode(
                assertion,
                key,
                algorithms=["RS256", "PS256"],
                audience=token_url,
                issuer=self.client_id,
                options={"verify_signature": bool(self.certificate), "verify_aud": True, "verify_iss": True},
            )
        except jwt.PyJWTError as error:
            raise TokenRefused("invalid_client", 700027, f"The client assertion is not valid: {error}.") from error


def _public_key(certificate: str) -> Any:
    return x509.load_pem_x509_certificate(certificate.encode()).public_key()
