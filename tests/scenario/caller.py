"""A person who uses the portal by its API alone."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.test import Client

from schools.models import User
from tests import factories


class Caller:
    """Each command carries an Idempotency-Key of its own; an answer with another status than expected fails."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._token = factories.api_token(user)

    def get(self, path: str, **parameters: object) -> Any:
        answer = Client().get(f"/api/v1/{path}", parameters, headers=self._headers())
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, path: str, expect: int = 200, **said: object) -> Any:
        headers = self._headers() | {"Idempotency-Key": str(uuid4())}
        answer = Client().post(f"/api/v1/{path}", said, content_type="application/json", headers=headers)
        assert answer.status_code == expect, answer.content
        return answer.json()

    def press(self, path: str, **said: object) -> None:
        """A button of a page, for the few acts that the API does not have."""
        browser = Client()
        browser.force_login(self.user)
        answer = browser.post(path, said)
        assert answer.status_code == 302, answer.content

    def read(self, path: str) -> bytes:
        """A file of a page."""
        browser = Client()
        browser.force_login(self.user)
        answer = browser.get(path)
        assert answer.status_code == 200, answer.content
        return answer.content

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept-Language": "sv"}
