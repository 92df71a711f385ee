"""Health, robots and the choice of colours."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from tests.factories import person

pytestmark = pytest.mark.django_db


def test_health_needs_no_sign_in_and_tells_nothing_but_that_it_is_well() -> None:
    answer = Client().get("/health/")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db(transaction=True)
def test_health_is_503_when_the_database_does_not_answer() -> None:
    connection.close()
    settings = connection.settings_dict
    port, settings["PORT"] = settings["PORT"], 1
    try:
        answer = Client().get("/health/")
    finally:
        settings["PORT"] = port
        connection.close()

    assert answer.status_code == 503


def test_robots_are_kept_out() -> None:
    assert b"Disallow: /" in Client().get("/robots.txt").content


def test_chosen_colours_are_in_the_next_page_without_script() -> None:
    client = Client()
    client.force_login(person("it_admin"))

    answer = client.post("/theme/", {"theme": "dark", "next": "/account/"})

    assert answer.url == "/account/"
    assert b'data-bs-theme="dark"' in client.get("/").content


def test_automatic_colours_leave_the_choice_to_the_system() -> None:
    client = Client()
    client.force_login(person("it_admin"))
    client.cookies["theme"] = "dark"

    client.post("/theme/", {"theme": "auto"})

    assert b"data-bs-theme" not in client.get("/").content


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_theme_sends_nobody_to_another_site(address: str) -> None:
    assert Client().post("/theme/", {"theme": "dark", "next": address}).url == "/"


def test_cookie_with_other_content_is_not_put_into_the_page() -> None:
    client = Client()
    client.force_login(person("it_admin"))
    client.cookies["theme"] = '"><script>'

    assert b"data-bs-theme" not in client.get("/").content
