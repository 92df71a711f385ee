"""Signing in and out, and the language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as portal
from django.test import Client
from django.utils import timezone

from schools.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


MOST_FAILURES = portal.AXES_FAILURE_LIMIT


def sign_in(client: Client, password: str = factories.PASSWORD, **extra: str):  # type: ignore[no-untyped-def]
    return client.post("/login/", {"username": "anna", "password": password, **extra})


def test_right_password_leads_to_where_the_person_was_going(client: Client) -> None:
    factories.person("it_admin", username="anna", password=factories.PASSWORD)

    response = sign_in(client, next="/account/")

    assert (response.status_code, response.url) == (302, "/account/")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_next_never_leaves_the_portal(target: str, client: Client) -> None:
    factories.person("it_admin", username="anna", password=factories.PASSWORD)

    assert sign_in(client, next=target).url == "/"


def test_wrong_password_unknown_name_and_closed_account_answer_alike(client: Client) -> None:
    factories.user("anna", password=factories.PASSWORD)
    wrong = sign_in(client, "something else")

    factories.User.objects.update(is_active=False)
    closed = sign_in(client)

    factories.User.objects.all().delete()
    unknown = sign_in(client)

    messages = {str(answer.context["form"].errors) for answer in (wrong, closed, unknown)}
    assert len(messages) == 1
    assert not any("_auth_user_id" in client.session for _ in messages)


def test_guessing_is_paused_even_for_the_right_password_and_says_until_when(client: Client) -> None:
    factories.user("anna", password=factories.PASSWORD)
    for _ in range(MOST_FAILURES):
        sign_in(client, "a guess")
    until = timezone.localtime(AccessAttempt.objects.get().attempt_time + timedelta(minutes=16))

    response = sign_in(client)

    assert response.status_code == 429
    assert response.context["form"].has_error("__all__", "pause")
    assert f"{until:%H:%M}" in response.content.decode()


def test_trying_during_the_pause_does_not_prolong_it(client: Client) -> None:
    factories.user("anna", password=factories.PASSWORD)
    for _ in range(MOST_FAILURES + 3):
        sign_in(client, "a guess")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))

    assert sign_in(client).status_code == 302


def test_the_pause_holds_for_one_name_from_one_address(client: Client, settings: Any) -> None:
    settings.TRUST_PROXY = True
    for name in ("anna", "bengt"):
        factories.user(name, password=factories.PASSWORD)
    for _ in range(MOST_FAILURES):
        client.post("/login/", {"username": "anna", "password": "x"}, headers={"x-forwarded-for": "192.0.2.7"})

    def tried(name: str, address: str) -> int:
        body = {"username": name, "password": factories.PASSWORD}
        return Client().post("/login/", body, headers={"x-forwarded-for": f"6.6.6.6, {address}"}).status_code

    assert tried("anna", "192.0.2.7") == 429
    assert (tried("bengt", "192.0.2.7"), tried("anna", "192.0.2.8")) == (302, 302)


def test_right_password_clears_the_count(client: Client) -> None:
    factories.user("anna", password=factories.PASSWORD)
    for _ in range(2):
        for _ in range(MOST_FAILURES - 1):
            sign_in(client, "a guess")
        assert sign_in(client).status_code == 302
        client.logout()


def test_sign_out_needs_a_post(client: Client) -> None:
    client.force_login(factories.user())

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert client.get("/account/").url == "/login/?next=/account/"


def test_null_character_in_a_name_is_a_message_not_a_fault(client: Client) -> None:
    assert client.post("/login/", {"username": "an\x00na", "password": "x"}).status_code == 200


def test_language_is_kept_in_a_cookie_and_the_way_back_is_safe(client: Client) -> None:
    assert 'lang="sv"' in client.get("/login/").content.decode()

    response = client.post("/language/", {"language": "en", "next": "https://evil.example/"})

    assert response.url == "/"
    assert 'lang="en"' in client.get("/login/").content.decode()


def test_browser_language_is_not_followed_by_pages(client: Client) -> None:
    response = client.get("/login/", headers={"Accept-Language": "en"})

    assert 'lang="sv"' in response.content.decode()


def test_language_is_not_chosen_by_a_link(client: Client) -> None:
    assert client.get("/language/?language=en").status_code == 405


def test_signing_in_leaves_an_audit_event_with_the_address(client: Client) -> None:
    anna = factories.person("it_admin", username="anna", password=factories.PASSWORD)

    client.post("/login/", {"username": "anna", "password": factories.PASSWORD}, REMOTE_ADDR="10.1.2.3")

    event = AuditEvent.objects.get(act="person.signed_in")
    assert (event.actor, event.origin) == (anna, "web 10.1.2.3")


def test_behind_a_trusted_proxy_the_address_is_the_one_the_proxy_saw(client: Client, settings: Any) -> None:
    settings.TRUST_PROXY = True
    factories.person("it_admin", username="anna", password=factories.PASSWORD)
    body = {"username": "anna", "password": factories.PASSWORD}

    client.post("/login/", body, headers={"x-forwarded-for": "6.6.6.6, 192.0.2.7"})

    assert AuditEvent.objects.get(act="person.signed_in").origin == "web 192.0.2.7"
