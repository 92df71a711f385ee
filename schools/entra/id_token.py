"""Whether an ID token is Entra's, of our tenant, for us, and good now.

https://learn.microsoft.com/entra/identity-platform/id-tokens#validate-tokens
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from schools.entra.refusals import SignInRefused

Json = dict[str, Any]

SKEW_SECONDS = 120
NEEDED = ["iss", "aud", "tid", "oid", "sub", "exp", "iat"]
# In this order: the first that fits. What pyjwt calls otherwise is about signature, key or form.
CODES: list[tuple[type[Exception], str]] = [
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet"),
    (jwt.InvalidIssuedAtError, "not_yet"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.MissingRequiredClaimError, "incomplete"),
    (jwt.InvalidTokenError, "signature"),
]


@dataclass(frozen=True)
class Expected:
    """`issuer` is what Entra's own description of our tenant names."""

    issuer: str
    client_id: str
    tenant_id: str


def judged(token: str, key_of: Callable[[str], jwt.PyJWK | None], expected: Expected) -> Json:
    """The claims. `key_of` finds Entra's public key by its id. Raises SignInRefused with what is wrong."""
    try:
        key = key_of(str(jwt.get_unverified_header(token).get("kid", "")))
        if key is None:
            raise SignInRefused("signature", "unknown key")
        claims: Json = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=expected.client_id,
            leeway=SKEW_SECONDS,
            options={"require": NEEDED},
        )
    except jwt.InvalidTokenError as error:
        code = next(code for kind, code in CODES if isinstance(error, kind))
        raise SignInRefused(code, type(error).__name__) from error
    if str(claims["tid"]).lower() != expected.tenant_id.lower():
        raise SignInRefused("tenant")
    if claims["iss"] != expected.issuer:
        raise SignInRefused("issuer")
    return claims
