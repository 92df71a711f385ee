"""Every cell of `matrix.py`, performed. One test per route and method; it reports every cell that answers otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from tests.access import matrix, routes
from tests.access.table import Allowed, Row
from tests.access.world import ANONYMOUS, API, EVERYBODY, MISSING, ROLES, SCOPES, World, build

pytestmark = pytest.mark.django_db  # so that the test database is made; the world has its own transaction

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
NO_GRAPH = {"GRAPH_URL": "https://127.0.0.1:1", "AUTHORITY_URL": "https://127.0.0.1:1"}
MASKED = re.compile(rb'(name="csrfmiddlewaretoken" value=)"\w+"')

TABLE = {**matrix.PAGES, **matrix.API}
CELLS = [(route, method) for route, row in TABLE.items() for method in row.methods]
FOREIGN = [(route, method) for route, method in CELLS if matrix.SEES.keys() & set(TABLE[route].keys.values())]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once; whatever a request does to it is rolled back."""
    with django_db_blocker.unblock(), override_settings(**NO_GRAPH), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def address(route: str, keys: dict[str, int]) -> str:
    """The path of a page's name or an API path, with the keys filled in."""
    name = served_by(route)
    if name.startswith("/"):
        return name.replace("{}", "%s") % tuple(keys.values())
    return reverse(name, kwargs={**TABLE[route].fixed, **keys})


def served_by(line: str) -> str:
    return line.partition("#")[0]


def keys_for(row: Row, world: World, who: str, scope: str) -> dict[str, int]:
    return {name: world.key(kind, who, scope) for name, kind in row.keys.items()}


def answer(world: World, who: str, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and whole body; nothing the request did stays."""
    with transaction.atomic():
        response = world.send(who, method, path)
        body = b"".join(response) if response.streaming else response.content
        transaction.set_rollback(True)
    return response.status_code, dict(response.headers), body


def verdict(status: int, headers: dict[str, str], *, anonymous: bool, api: bool) -> str:
    """Anonymous people are sent to the sign-in page, or hear 401 from the API; 503 is Graph's absence, not a fault."""
    if status == 405:
        return "not served"
    if anonymous and (status == 401 if api else headers.get("Location", "").startswith("/login/?next=")):
        return "deny"
    if not anonymous and status in (403, 404):
        return "deny"
    return "allow" if status < 400 or status in (400, 409, 422, 503) else f"fault {status}"


def performed(world: World, who: str, method: str, route: str, scope: str) -> str:
    path = address(route, keys_for(TABLE[route], world, who, scope))
    status, headers, _body = answer(world, who, method, path)
    return verdict(status, headers, anonymous=who == ANONYMOUS, api=path.startswith(API))


def cells(row: Row, allowed: Allowed) -> Iterator[tuple[str, str, str]]:
    """(who, scope, what the table says); without an object there is nothing that could be another school's."""
    for scope in SCOPES if row.concerns_an_object else SCOPES[:1]:
        for who in EVERYBODY:
            yield who, scope, "allow" if allowed(who, scope) else "deny"


def test_every_page_route_has_a_line_and_every_line_a_route() -> None:
    assert routes.page_routes() == set(map(served_by, matrix.PAGES))


def test_every_api_operation_has_a_cell_and_every_cell_an_operation() -> None:
    in_table = {(method, served_by(path)) for path, row in matrix.API.items() for method in row.methods}

    assert routes.api_operations() == in_table


def test_no_api_route_hides_from_the_schema() -> None:
    assert routes.api_paths_of_resolver() == set(map(served_by, matrix.API))


@pytest.mark.parametrize("route, method", CELLS)
def test_cells(route: str, method: str, world: World) -> None:
    row = TABLE[route]
    table = {(who, scope): said for who, scope, said in cells(row, row.methods[method])}

    portal = {(who, scope): performed(world, who, method, route, scope) for who, scope in table}

    assert {cell: did for cell, did in portal.items() if did != table[cell]} == {}


@pytest.mark.parametrize("route", TABLE)
def test_methods_that_the_table_does_not_name_are_not_served(route: str, world: World) -> None:
    unnamed = [method for method in METHODS if method not in TABLE[route].methods]

    assert {performed(world, "it_admin", method, route, "own") for method in unnamed} <= {"not served"}


@pytest.mark.parametrize("route, method", FOREIGN)
def test_another_schools_object_answers_like_one_that_does_not_exist(route: str, method: str, world: World) -> None:
    sees = matrix.SEES[TABLE[route].keys["pk"]]
    strangers = [who for who in ROLES if not sees(who, "other")]
    assert strangers

    differing = [who for who in strangers if _foreign(world, who, method, route) != _missing(world, who, method, route)]

    assert differing == []


def _foreign(world: World, who: str, method: str, route: str) -> tuple[int, dict[str, str], bytes]:
    return _compared(world, who, method, route, keys_for(TABLE[route], world, who, "other"))


def _missing(world: World, who: str, method: str, route: str) -> tuple[int, dict[str, str], bytes]:
    return _compared(world, who, method, route, dict.fromkeys(TABLE[route].keys, MISSING))


def _compared(
    world: World, who: str, method: str, route: str, keys: dict[str, int]
) -> tuple[int, dict[str, str], bytes]:
    """The whole answer, but for the address that the reader typed (repeated in forms' `next`) and masked tokens."""
    path = address(route, keys)
    status, headers, body = answer(world, who, method, path)
    headers = {name: value for name, value in headers.items() if name not in ("Set-Cookie", "Content-Length")}
    return status, headers, MASKED.sub(rb"\1", body.replace(path.encode(), b"PATH"))


def test_comparison_would_notice_a_difference(world: World) -> None:
    own = _compared(
        world,
        "school_it",
        "GET",
        "deployments:school",
        keys_for(TABLE["deployments:school"], world, "school_it", "own"),
    )

    assert own != _missing(world, "school_it", "GET", "deployments:school")
