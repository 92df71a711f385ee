"""How refresh tokens lie in the database: encrypted with a key made of SECRET_KEY, which the database does not hold."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def locked(token: str) -> str:
    return _cipher().encrypt(token.encode()).decode()


def opened(kept: str) -> str:
    """Empty when SECRET_KEY is another one now: the person has to sign in again."""
    try:
        return _cipher().decrypt(kept.encode()).decode()
    except InvalidToken:
        return ""


def _cipher() -> Fernet:
    secret = hashlib.sha256(f"{settings.SECRET_KEY} entra refresh token".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(secret))
