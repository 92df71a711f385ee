"""Whatever somebody sends, the answer is theirs to understand; never a 500."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError
from django.test import Client, RequestFactory
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from schools.middleware import UnstorableInput
from schools.models import User
from schools.problems import exception_handler
from tests import factories
from tests.schools.conftest import Ask

pytestmark = pytest.mark.django_db
HUGE = 99_999_999_999_999_999_999
BEYOND_BIGINT = 2**63


@pytest.fixture
def get(ask: Callable[[User], Ask]) -> Ask:
    return ask(factories.person("it_admin"))


@pytest.fixture
def visitor(client: Client) -> Client:
    client.force_login(factories.person("it_admin"))
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("key", [HUGE, BEYOND_BIGINT, 2**63 - 1, 0, -1, "x", "1.0", "%00", "1e3", "٣"])
@pytest.mark.parametrize("place", ["schools", "devices", "applications", "baselines", "revisions"])
def test_key_that_no_row_can_have_is_not_found(place: str, key: object, visitor: Client) -> None:
    assert visitor.get(f"/{place}/{key}/").status_code in (404, 400 if key == "%00" else 404)


@pytest.mark.parametrize("key", [HUGE, BEYOND_BIGINT, 2**63 - 1, 0, -1, "x", "1.0", "%00", "1e3", "٣"])
@pytest.mark.parametrize("place", ["schools", "audit-events", "devices"])
def test_api_key_that_no_row_can_have_is_not_found_in_json(place: str, key: object, get: Ask) -> None:
    answer = get(f"{place}/{key}/")

    assert answer.status_code in (404, 400 if key == "%00" else 404)
    assert "detail" in answer.json()


@pytest.mark.parametrize("value", [HUGE, BEYOND_BIGINT, -1, "x", "1.5", "\x00", "a" * 5000, "\ud800"])
@pytest.mark.parametrize("name", ["school", "since", "object_id", "actor", "act", "ordering", "page_size", "after"])
def test_api_parameter_is_refused_or_finds_nothing(name: str, value: object, get: Ask) -> None:
    if value == "\ud800":
        value = b"\xed\xa0\x80"

    assert get("audit-events/", **{name: value}).status_code in (200, 400)


@pytest.mark.parametrize("path", ["/audit/", "/devices/", "/schools/", "/applications/", "/account/"])
@pytest.mark.parametrize("query", ["q=%00", "school=99999999999999999999", "after=x", "before=%ff", "a=b&a=c", "%"])
def test_page_survives_any_query(path: str, query: str, visitor: Client) -> None:
    assert visitor.get(f"{path}?{query}").status_code in (200, 400)


def test_null_character_in_the_address_is_a_400_page_or_json(visitor: Client, get: Ask) -> None:
    page, answer = visitor.get("/schools/?q=%00"), get("schools/?name=%00")

    assert (page.status_code, answer.status_code) == (400, 400)
    assert b"<h1" in page.content
    assert list(answer.json()) == ["detail"]


def test_unknown_address_says_so_in_kind(visitor: Client) -> None:
    assert b"<h1" in visitor.get("/no-such-page/").content
    assert list(visitor.get("/api/v1/no-such-thing/").json()) == ["detail"]


def test_value_that_only_the_database_refuses_is_the_senders() -> None:
    request = RequestFactory().get("/devices/")

    page = UnstorableInput(lambda request: None).process_exception(request, DataError())  # type: ignore[arg-type, return-value]
    answer = exception_handler(DataError(), {})

    assert page is not None
    assert answer is not None
    assert (page.status_code, answer.status_code) == (400, 400)


def test_other_faults_stay_faults() -> None:
    request = RequestFactory().get("/devices/")

    assert UnstorableInput(lambda request: None).process_exception(request, KeyError()) is None  # type: ignore[arg-type, return-value]
    assert exception_handler(KeyError(), {}) is None


def test_domain_refusals_keep_their_fields() -> None:
    answer = exception_handler(ValidationError({"days": "Too many."}), {})

    assert answer is not None
    assert (answer.status_code, answer.data) == (400, {"days": ["Too many."]})


def test_wrong_state_is_409_with_the_state() -> None:
    error = ValidationError("This cannot be done now.")
    error.status = "applied"  # type: ignore[attr-defined]

    answer = exception_handler(error, {})

    assert answer is not None
    assert (answer.status_code, answer.data) == (409, {"detail": "This cannot be done now.", "status": "applied"})


@pytest.mark.parametrize("method, status", [("POST", 405), ("PUT", 405), ("DELETE", 405)])
def test_read_only_lists_refuse_other_methods(method: str, status: int) -> None:
    token = factories.api_token(factories.person("it_admin"))

    answer = Client().generic(
        method, "/api/v1/schools/", "{", "application/json", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == status


def test_format_that_is_not_spoken_is_406() -> None:
    token = factories.api_token(factories.person("it_admin"))

    answer = Client().get("/api/v1/schools/", headers={"Authorization": f"Bearer {token}", "Accept": "text/xml"})

    assert answer.status_code == 406


def test_language_of_a_refusal_is_the_callers(ask: Callable[[User], Ask]) -> None:
    token = factories.api_token(factories.person("it_admin"))

    def refusal(language: str) -> str:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        return Client().get("/api/v1/schools/?school_form=x", headers=headers).json()["school_form"][0]  # type: ignore[no-any-return]

    assert refusal("en").startswith("Select a valid choice")
    assert refusal("sv").startswith("Välj ett giltigt alternativ")
    assert refusal("de") == refusal("sv")


class Echo(viewsets.ViewSet):
    def act(self, request: Request) -> Response:
        return Response(request.data)


def post(body: bytes, content_type: str = "application/json") -> Response:
    request = APIRequestFactory().generic("POST", "/echo/", body, content_type)
    force_authenticate(request, factories.user())
    return Echo.as_view({"post": "act"})(request)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 200_000, b'{"a":' * 200_000, b"9" * 10_000, b'"\xed\xa0\x80"']
)
def test_json_that_cannot_be_read_is_400_with_the_reason(body: bytes) -> None:
    answer = post(body)

    assert answer.status_code == 400
    assert list(answer.data) == ["detail"]


def test_body_that_is_not_json_is_415() -> None:
    assert post(b"a=1", "application/x-www-form-urlencoded").status_code == 415
