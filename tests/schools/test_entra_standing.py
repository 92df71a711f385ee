"""What Entra takes away is gone within five minutes, for pages and API tokens; and what holds while it is silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from schools.entra import standing, vault
from schools.entra.refusals import REFUSALS
from schools.models import ApiToken, AuditEvent, EntraAccount, RoleAssignment, User
from tests import factories
from tests.schools.entra import Tenant, note

NOWHERE = "https://127.0.0.1:1"


@pytest.fixture
def nils(entra: Tenant, client: Client) -> User:
    """An IT administrator whose browser is `client`."""
    entra.sign_in(client, "nils.it")
    return User.objects.get()


@pytest.fixture
def call(nils: User) -> Callable[[], Any]:
    """One call of the API with a token of Nils's."""
    token = factories.api_token(nils)
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return lambda: Client().get("/api/v1/schools/", headers=headers)


def let_pass(**time: float) -> None:
    """Entra was last asked so long ago."""
    at = timezone.now() - timedelta(**time)
    EntraAccount.objects.update(confirmed_at=at, asked_at=at)


def roles() -> set[str]:
    return set(RoleAssignment.objects.current(timezone.now()).values_list("role", flat=True))


def test_a_role_taken_away_in_entra_is_gone_after_four_minutes(entra: Tenant, client: Client, nils: User) -> None:
    entra.user("nils.it", roles=["Portal.Auditor"])

    assert client.get("/webhooks/").status_code == 200
    let_pass(minutes=4)
    assert client.get("/webhooks/").status_code == 403
    assert roles() == {"auditor"}


def test_entra_is_asked_again_each_four_minutes(entra: Tenant, client: Client, nils: User) -> None:
    for _turn in range(3):
        let_pass(minutes=4)
        assert client.get("/account/").status_code == 200
        assert timezone.now() - EntraAccount.objects.get().confirmed_at < timedelta(minutes=1)


def test_a_disabled_person_is_signed_out_and_nothing_of_theirs_works(
    entra: Tenant, client: Client, nils: User, call: Callable[[], Any]
) -> None:
    assert call().status_code == 200
    entra.user("nils.it", enabled=False)
    let_pass(minutes=4)

    assert client.get("/devices/")["Location"] == "/login/?next=/devices/"
    assert note(client) == REFUSALS["closed"]
    assert roles() == set()
    assert ApiToken.objects.get().revoked_at
    assert call().status_code == 401
    closed = AuditEvent.objects.get(act="person.closed")
    assert (closed.object_label, closed.after) == (str(nils), {"refusal": "closed"})


@pytest.mark.parametrize("change", [{"enabled": False}, {"roles": []}], ids=["disabled", "no role left"])
def test_api_tokens_end_with_the_account_without_a_session(
    entra: Tenant, nils: User, call: Callable[[], Any], change: dict[str, Any]
) -> None:
    entra.user("nils.it", **change)
    let_pass(minutes=4)

    answer = call()

    assert answer.status_code == 401
    assert "closed" in answer.json()["detail"]
    assert EntraAccount.objects.get().refresh_token == ""


def test_other_sessions_of_a_closed_account_end_too(entra: Tenant, client: Client, nils: User) -> None:
    another = Client()
    entra.sign_in(another, "nils.it")
    entra.user("nils.it", enabled=False)
    let_pass(minutes=4)
    client.get("/")

    assert another.get("/")["Location"] == "/login/?next=/"
    assert note(another) == REFUSALS["closed"]


def test_a_closed_account_opens_again_with_its_next_sign_in(entra: Tenant, client: Client, nils: User) -> None:
    entra.user("nils.it", enabled=False)
    let_pass(minutes=4)
    client.get("/")
    entra.user("nils.it", enabled=True)

    entra.sign_in(client, "nils.it")

    assert client.get("/account/").status_code == 200
    assert User.objects.get().is_active
    assert roles() == {"it_admin"}


def test_who_has_to_sign_in_again_keeps_the_roles_and_then_the_tokens(
    entra: Tenant, client: Client, nils: User, call: Callable[[], Any]
) -> None:
    EntraAccount.objects.update(refresh_token=vault.locked("revoked"))
    let_pass(minutes=4)

    assert client.get("/").status_code == 302
    assert note(client) == REFUSALS["again"]
    assert call().status_code == 401
    assert roles() == {"it_admin"}
    entra.sign_in(client, "nils.it")
    assert call().status_code == 200


@pytest.mark.parametrize("made", ["other_tenant", "wrong_audience", "wrong_issuer", "expired", "wrong_key"])
def test_a_wrong_token_on_asking_again_ends_the_session(entra: Tenant, client: Client, nils: User, made: str) -> None:
    entra.makes(made)
    let_pass(minutes=4)

    assert client.get("/").status_code == 302
    assert EntraAccount.objects.get().standing == "again"


def test_while_entra_is_silent_its_last_answer_holds_for_half_an_hour(
    client: Client, nils: User, call: Callable[[], Any], settings: Any
) -> None:
    settings.AUTHORITY_URL = NOWHERE
    let_pass(minutes=29)
    assert client.get("/account/").status_code == 200
    assert call().status_code == 200

    let_pass(minutes=31)
    assert call().status_code == 401
    assert client.get("/account/").status_code == 302
    assert note(client) == REFUSALS["silent"]


def test_tokens_work_again_when_entra_answers(nils: User, call: Callable[[], Any], settings: Any) -> None:
    there, settings.AUTHORITY_URL = settings.AUTHORITY_URL, NOWHERE
    let_pass(minutes=31)
    assert call().status_code == 401

    settings.AUTHORITY_URL = there
    let_pass(minutes=31)

    assert call().status_code == 200


def test_one_process_asks_and_the_others_go_on(nils: User) -> None:
    let_pass(minutes=4)
    now, account = timezone.now(), EntraAccount.objects.get()

    asks = [account.claim(now, now - standing.TRY_AGAIN_AFTER) for _process in range(3)]

    assert asks == [True, False, False]


def test_a_late_refusal_does_not_undo_a_newer_sign_in(entra: Tenant, client: Client, nils: User) -> None:
    stale = EntraAccount.objects.get()
    entra.sign_in(Client(), "nils.it")

    standing.accounts.end(stale, "closed")

    assert EntraAccount.objects.get().standing == "good"
    assert client.get("/account/").status_code == 200


def test_who_does_nothing_is_asked_about_once_a_day(entra: Tenant, nils: User) -> None:
    entra.sign_in(Client(), "ingrid.it")
    entra.user("nils.it", enabled=False)
    yesterday = timezone.now() - timedelta(days=1, minutes=1)
    EntraAccount.objects.filter(user=nils).update(confirmed_at=yesterday, asked_at=yesterday)

    assert standing.ask_about_the_quiet(timezone.now()) == 1

    nils.refresh_from_db()
    assert not nils.is_active
    assert User.objects.filter(is_active=True).count() == 1


def test_the_refresh_token_is_not_readable_in_the_database(nils: User, settings: Any) -> None:
    kept = EntraAccount.objects.get().refresh_token

    token = vault.opened(kept)
    assert len(token) > 20 and token not in kept
    settings.SECRET_KEY = "another key, as after it was lost, and just as long as it needs to be"
    assert vault.opened(kept) == ""


def test_when_the_sign_in_is_turned_off_nobody_stays_in(client: Client, nils: User, settings: Any) -> None:
    settings.SIGN_IN_CLIENT_ID = ""

    assert client.get("/").status_code == 302
    assert note(client) == REFUSALS["off"]


def test_local_people_are_not_asked_about(entra: Tenant, client: Client, settings: Any) -> None:
    settings.AUTHORITY_URL = NOWHERE
    client.force_login(factories.person("it_admin"))

    assert client.get("/account/").status_code == 200
