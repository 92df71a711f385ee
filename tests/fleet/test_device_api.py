"""Computers in the API: the page's rows and choices, within what the caller may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.factories import api_token, device, person, school

pytestmark = pytest.mark.django_db

URL = "/api/v1/devices/"


def fetch(token: str, address: str = URL) -> Any:
    return Client().get(address, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def token() -> str:
    return api_token(person("it_admin"))


def serials(answer: Any) -> list[str]:
    return [row["serial_number"] for row in answer.json()["results"]]


def test_row_says_what_the_page_says(token: str) -> None:
    place = school("Norrskolan")
    row = device(place, last_check_in_at=timezone.now() - timedelta(days=20))

    [found] = fetch(token).json()["results"]

    assert found["serial_number"] == row.serial_number
    assert (found["school"], found["school_name"]) == (place.pk, "Norrskolan")
    assert found["condition"] == "silent"


def test_list_and_single_row_are_the_same(token: str) -> None:
    row = device()

    assert fetch(token, f"{URL}{row.pk}/").json() == fetch(token).json()["results"][0]


def test_filters_are_those_of_the_page(token: str) -> None:
    device(last_check_in_at=timezone.now())
    silent = device(last_check_in_at=timezone.now() - timedelta(days=20))

    assert serials(fetch(token, f"{URL}?condition=silent")) == [silent.serial_number]


@pytest.mark.parametrize("query", ["condition=fine", "school=x", f"model={2**63}", "colour=red"])
def test_wrong_filter_is_refused_by_its_name(token: str, query: str) -> None:
    answer = fetch(token, f"{URL}?{query}")

    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()


@pytest.mark.parametrize("order", ["last_check_in_at", "-last_check_in_at", "name", "-school_name"])
def test_cursor_walks_everything_once_in_any_order_with_empty_values(token: str, order: str) -> None:
    place = school()
    for number in range(25):
        device(place if number % 2 else None, enrolled=number % 3 > 0)

    seen: list[str] = []
    address: str | None = f"{URL}?ordering={order}&page_size=4"
    while address:
        answer = fetch(token, address)
        seen += serials(answer)
        address = answer.json()["next"]

    assert len(seen) == len(set(seen)) == 25


def test_another_schools_computer_does_not_exist() -> None:
    here = school()
    token = api_token(person("school_it", here))
    foreign = device(school())

    assert serials(fetch(token)) == []
    assert fetch(token, f"{URL}{foreign.pk}/").content == fetch(token, f"{URL}{foreign.pk + 1}/").content


def test_role_without_computers_is_refused() -> None:
    assert fetch(api_token(person("supplier"))).status_code == 403


def test_page_costs_at_most_four_queries_however_many_rows(token: str, django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        device(school())
    fetch(token)
    cache.clear()

    with django_assert_max_num_queries(4):
        assert len(serials(fetch(token))) == 20
