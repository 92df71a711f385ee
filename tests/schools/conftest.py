from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from schools.models import User
from tests import factories

Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Callable[[User], Ask]:
    """`ask(person)` gives `get(path, **parameters)` of the API as that person, in English, with the answer's JSON."""

    def for_person(person: User) -> Ask:
        token = factories.api_token(person)

        def get(path: str, **parameters: object) -> Any:
            headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
            return Client().get(f"/api/v1/{path}", parameters, headers=headers)

        return get

    return for_person
