"""Creating apps in Intune by script."""

from __future__ import annotations

import pytest

from intune_sync.models import Operation
from tests import factories
from tests.deployments.test_request_api import client_of

pytestmark = pytest.mark.django_db
PATH = "/api/v1/new-apps/"
KRITA = {"type": "winGetApp", "name": "Krita", "publisher": "Krita Foundation", "package": "9N6X57ZGRW96"}


def test_same_key_asks_for_one_app() -> None:
    client = client_of(factories.person("it_admin"))

    answers = [client.post(PATH, KRITA, format="json", HTTP_IDEMPOTENCY_KEY="krita-1") for _ in range(2)]

    asked = Operation.objects.get()
    assert [(answer.status_code, answer.json()["id"]) for answer in answers] == [(202, asked.pk)] * 2
    assert (asked.desired["package"], asked.status) == ("9N6X57ZGRW96", "ready")


def test_another_one_of_that_name_is_refused() -> None:
    client = client_of(factories.person("it_admin"))
    client.post(PATH, KRITA, format="json")

    answer = client.post(PATH, KRITA, format="json")

    assert (answer.status_code, list(answer.data)) == (400, ["name"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"package": ""}, "package"),
        ({"package": "nej; rm"}, "package"),
        ({"type": "webApp"}, "address"),
        ({"type": "webApp", "address": "http://raknare.example"}, "address"),
        ({"type": "win32LobApp"}, "type"),
    ],
)
def test_what_intune_could_not_take_is_refused_by_field(changed, field) -> None:
    answer = client_of(factories.person("it_admin")).post(PATH, {**KRITA, **changed}, format="json")

    assert (answer.status_code, list(answer.data)) == (400, [field])
    assert not Operation.objects.exists()


def test_a_failed_one_is_tried_again() -> None:
    failed = factories.new_app("Krita")

    answer = client_of(factories.person("it_admin")).post(f"{PATH}{failed.pk}/retry/")

    assert (answer.status_code, answer.data["status"]) == (202, "ready")
    assert client_of(factories.person("it_admin")).post(f"{PATH}{failed.pk}/retry/").status_code == 409
