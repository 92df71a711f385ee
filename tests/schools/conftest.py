from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from schools.models import User
from tests import factories
from tests.sandbox_process import SandboxProcess, start_sandbox
from tests.schools.entra import Tenant

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


@pytest.fixture(scope="session")
def entra_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("entra"), devices=20)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def entra(entra_sandbox: SandboxProcess, settings: Any, db: None) -> Iterator[Tenant]:
    """The portal lets people of the sandbox's tenant in; everybody there is as they were at its start afterwards."""
    wanted = {"name": "sign-in", "redirect_uris": ["http://testserver/login/entra/return/"]}
    registered = entra_sandbox.post("/sandbox/registrations", wanted)
    settings.AUTHORITY_URL, settings.GRAPH_CA_BUNDLE = entra_sandbox.url, entra_sandbox.ca_path
    settings.TENANT_ID = entra_sandbox.tenant_id
    settings.SIGN_IN_CLIENT_ID = registered["client_id"]
    settings.SIGN_IN_CLIENT_SECRET = registered["client_secret"]
    before = entra_sandbox.get("/sandbox/users")
    yield Tenant(entra_sandbox, registered["client_id"], registered["client_secret"])
    entra_sandbox.post("/sandbox/settings", {"id_token": "right"})
    entra_sandbox.delete("/sandbox/faults")
    for person in before:
        entra_sandbox.post("/sandbox/users", {name: value for name, value in person.items() if name != "oid"})
