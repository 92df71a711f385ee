"""What stands around every page: the menu, Intune's condition, how fresh the figures are."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from intune_sync.models import GraphCondition
from schools.models import User
from tests import factories

pytestmark = pytest.mark.django_db

MENUS = {
    "it_admin": [
        "/",
        "/devices/",
        "/schools/",
        "/programs/",
        "/applications/",
        "/baselines/",
        "/requests/",
        "/proposals/",
        "/meetings/",
        "changes",
        "/rollouts/",
        "/drift/",
        "/follow-up/",
        "sync",
        "/audit/",
        "/account/",
    ],
    "auditor": [
        "/",
        "/devices/",
        "/schools/",
        "/applications/",
        "/baselines/",
        "/requests/",
        "/proposals/",
        "/meetings/",
        "changes",
        "/rollouts/",
        "/drift/",
        "/follow-up/",
        "sync",
        "/audit/",
        "/account/",
    ],
    "school_it": [
        "/",
        "/devices/",
        "/schools/",
        "/programs/",
        "/applications/",
        "/baselines/",
        "/requests/",
        "/proposals/",
        "changes",
        "/rollouts/",
        "/drift/",
        "/follow-up/",
        "/audit/",
        "/account/",
    ],
    "approver": [
        "/",
        "/devices/",
        "/schools/",
        "/programs/",
        "/applications/",
        "/baselines/",
        "/requests/",
        "/proposals/",
        "changes",
        "/rollouts/",
        "/drift/",
        "/follow-up/",
        "/audit/",
        "/account/",
    ],
    "teacher": ["/", "/schools/", "/programs/", "/baselines/", "/requests/", "/account/"],
    "committee": [
        "/",
        "/schools/",
        "/applications/",
        "/baselines/",
        "/requests/",
        "/proposals/",
        "/meetings/",
        "/drift/",
        "/follow-up/",
        "/account/",
    ],
    "supplier": ["/", "/account/"],
}


def site(user: User, address: str = "/") -> Any:
    cache.clear()
    client = Client()
    client.force_login(user)
    return client.get(address).context["site"]


@pytest.mark.parametrize("role", MENUS)
def test_menu_has_what_the_role_reaches(role: str) -> None:
    place = factories.school() if role in {"school_it", "approver", "teacher"} else None
    user = factories.person(role, place)

    urls = [link.url for link in site(user).navigation]

    assert len(urls) == len(MENUS[role])
    assert all(part in url for part, url in zip(MENUS[role], urls, strict=True))


def test_menu_leads_to_pages_that_open() -> None:
    client = Client()
    user = factories.person("it_admin")
    client.force_login(user)

    assert {client.get(link.url).status_code for link in site(user).navigation} == {200}


def test_menu_marks_where_one_is() -> None:
    user = factories.person("it_admin")

    assert [link.url for link in site(user, "/devices/?q=a").navigation if link.is_current] == ["/devices/"]
    assert [link.url for link in site(user).navigation if link.is_current] == ["/"]


def test_silence_of_intune_is_said_on_every_page_with_since_when() -> None:
    factories.municipality()
    since = timezone.now() - timedelta(days=2)
    GraphCondition.objects.update_or_create(pk=1, defaults={"down_since": since})
    user = factories.person("it_admin")

    shown = site(user)

    assert shown.down_since == since
    assert shown.down_since_text.endswith(timezone.localtime(since).strftime("%H:%M"))
    client = Client()
    client.force_login(user)
    assert b"condition-bad" in client.get("/account/").content


def test_request_to_slow_down_is_said_until_it_is_over() -> None:
    factories.municipality()
    GraphCondition.objects.update_or_create(pk=1, defaults={"throttled_until": timezone.now() + timedelta(minutes=2)})
    user = factories.person("it_admin")
    assert site(user).throttled_until is not None

    GraphCondition.objects.update(throttled_until=timezone.now() - timedelta(seconds=1))

    assert site(user).throttled_until is None


def test_supplier_is_told_nothing_of_intune() -> None:
    factories.municipality()
    GraphCondition.objects.update_or_create(pk=1, defaults={"down_since": timezone.now()})
    client = Client()
    client.force_login(factories.person("supplier"))

    html = client.get("/").content

    assert b"condition-bad" not in html
    assert b"freshness" not in html


def test_frame_costs_at_most_two_queries_cold_and_none_warm(django_assert_num_queries: Any) -> None:
    factories.municipality()
    client = Client()
    client.force_login(factories.person("supplier"))
    cache.clear()
    with django_assert_num_queries(4):  # session, person, roles, frame
        client.get("/")

    with django_assert_num_queries(2):  # person, roles
        client.get("/")


class Inline(HTMLParser):
    """Collects what a strict content policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") != "application/json"):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [value for value in names.values() if value and "://" in value]


@pytest.mark.parametrize("address", ["/", "/devices/", "/account/"])
def test_pages_have_nothing_inline_and_nothing_from_elsewhere(address: str) -> None:
    factories.device(factories.school())
    client = Client()
    client.force_login(factories.person("it_admin"))
    answer = client.get(address)

    parser = Inline()
    parser.feed(answer.content.decode())

    assert parser.found == []
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
