"""The list of computers: what it shows, counts and leaves out, and what it costs."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Device
from schools.models import User
from tests.factories import device, hardware_model, municipality, person, school

pytestmark = pytest.mark.django_db

URL = "/devices/"
Budget = Callable[[int], Any]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client() -> Client:
    return signed_in(person("it_admin"))


def serials(client: Client, query: str = "") -> list[str]:
    return [row.serial_number for row in client.get(f"{URL}?{query}").context["page"].rows]


@pytest.mark.parametrize("query", ["q=bort", "q=SN-BORTA", "q=n-bor", "q=%20borta%20"])
def test_search_finds_part_of_name_or_serial_whatever_the_case(client: Client, query: str) -> None:
    device(serial_number="SN-BORTA")
    device(serial_number="SN-HEMMA")

    assert serials(client, query) == ["SN-BORTA"]


def test_search_looks_at_the_name_too(client: Client) -> None:
    found = device(observed_name="KDA-77")
    device(observed_name="KDA-88")

    assert serials(client, "q=kda-77") == [found.serial_number]


def test_per_cent_and_underscore_are_ordinary_letters(client: Client) -> None:
    device(serial_number="A_1")
    device(serial_number="AB1")

    assert serials(client, "q=a_1") == ["A_1"]
    assert serials(client, "q=%25") == []


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("platform=macos", {"platform": "macos"}),
        ("compliance=noncompliant", {"compliance_state": "noncompliant"}),
        ("enrollment=blocked", {"enrollment_state": "blocked"}),
        ("os=10.0.1.2", {"os_version": "10.0.1.2"}),
        ("condition=missing", {"missing_since": timezone.now()}),
    ],
)
def test_each_choice_keeps_only_the_matching(client: Client, query: str, columns: dict[str, object]) -> None:
    device(last_check_in_at=timezone.now())
    matching = device(**columns)

    assert serials(client, query) == [matching.serial_number]


def test_school_and_model_are_chosen_by_key_and_nought_means_no_school(client: Client) -> None:
    there = school()
    other_model = hardware_model("Other")
    mine, loose = device(there, hardware_model=other_model), device()

    assert serials(client, f"school={there.pk}") == [mine.serial_number]
    assert serials(client, f"model={other_model.pk}") == [mine.serial_number]
    assert serials(client, "school=0") == [loose.serial_number]


@pytest.mark.parametrize(
    "query",
    ["school=x", "school=-1", f"school={2**63}", f"model={10**40}", "platform=amiga", "condition=fine"],
)
def test_choice_that_makes_no_sense_shows_nothing_and_says_so(client: Client, query: str) -> None:
    device()

    answer = client.get(f"{URL}?{query}")

    assert answer.status_code == 200
    assert answer.context["page"].rows == []
    assert b'role="alert"' in answer.content


def test_count_chips_and_list_agree(client: Client) -> None:
    for days in (0, 1, 20, 30, 40):
        device(last_check_in_at=timezone.now() - timedelta(days=days))

    answer = client.get(f"{URL}?condition=silent")

    assert answer.context["count"] == len(answer.context["page"].rows) == 3
    assert answer.context["total"] == 5
    assert {chip.code: chip.count for chip in answer.context["chips"]}["silent"] == 3


def test_school_staff_see_only_their_own_school() -> None:
    here, there = school(), school()
    mine, foreign = device(here), device(there)
    client = signed_in(person("school_it", here))

    assert serials(client) == [mine.serial_number]
    assert serials(client, f"school={there.pk}") == []
    assert foreign.serial_number.encode() not in client.get(URL).content
    assert there.name.encode() not in client.get(URL).content


@pytest.mark.parametrize("role", ["teacher", "committee", "supplier"])
def test_roles_without_computers_are_told_so(role: str) -> None:
    client = signed_in(person(role, school() if role == "teacher" else None))

    assert client.get(URL).status_code == 403


def test_next_and_previous_walk_the_whole_list_without_gap_or_repeat(client: Client) -> None:
    for number in range(120):
        device(enrolled=number % 3 > 0)

    seen, query = [], ""
    while True:
        page = client.get(f"{URL}?{query}").context["page"]
        seen += [row.pk for row in page.rows]
        if page.next is None:
            break
        query = f"after={page.next}"

    assert len(seen) == len(set(seen)) == 120


def test_choices_stay_in_the_links_of_the_page(client: Client) -> None:
    for _ in range(51):
        device(platform="macos")

    html = client.get(f"{URL}?platform=macos&sort=-serial&col=tag").content.decode()

    assert html.count("platform=macos&amp;sort=-serial&amp;col=tag") >= 3


def test_htmx_gets_the_list_alone_with_its_sentence(client: Client) -> None:
    device()

    answer = client.get(URL, headers={"HX-Request": "true"})

    assert answer.content.lstrip().startswith(b'<div id="device-list"')
    assert b"hx-swap-oob" in answer.content
    assert "HX-Request" in answer["Vary"]


def test_going_back_in_history_gets_the_whole_page(client: Client) -> None:
    answer = client.get(URL, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})

    assert b"<!doctype html>" in answer.content


def queries_of_a_cold_list(user: User, django_assert_max_num_queries: Budget) -> int:
    client = signed_in(user)
    cache.clear()
    with django_assert_max_num_queries(8) as spent:
        assert client.get(URL).status_code == 200
    return len(spent)


def test_list_costs_the_same_for_one_row_and_twenty(django_assert_max_num_queries: Budget) -> None:
    municipality()
    user = person("it_admin")
    device(school())
    one = queries_of_a_cold_list(user, django_assert_max_num_queries)

    for number in range(19):
        device(school(), hardware_model=hardware_model(f"Model {number}"))

    assert queries_of_a_cold_list(user, django_assert_max_num_queries) == one


def test_page_of_fifty_is_light(client: Client) -> None:
    places = [school() for _ in range(60)]
    for number in range(60):
        device(
            places[number],
            observed_name=f"KOMMUNEN-DATOR-{number:05}",
            hardware_model=hardware_model(f"M {number % 12}"),
        )

    content = client.get(URL, headers={"Accept-Encoding": "identity"}).content

    assert len(content) <= 80_000
    assert len(gzip.compress(content)) <= 15_000


def test_post_is_refused(client: Client) -> None:
    assert client.post(URL).status_code == 405


def test_device_names_are_text_not_html(client: Client) -> None:
    device(observed_name="<b>x</b>", observed_group_tag="<i>")

    html = client.get(f"{URL}?col=tag").content

    assert b"<b>x</b>" not in html
    assert b"<i>" not in html
    assert reverse("deployments:device", args=[Device.objects.get().pk]).encode() in html
