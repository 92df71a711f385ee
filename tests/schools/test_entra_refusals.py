"""What does not lead in: each answer is refused with a sentence and an audit event, and makes no account."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from schools.entra.refusals import REFUSALS
from schools.models import AuditEvent, EntraAccount, User
from tests import factories
from tests.schools.entra import Tenant, come_back, note


def assert_refused(client: Client, code: str, *, noted: bool = True) -> None:
    events = AuditEvent.objects.filter(act="person.sign_in_refused").values_list("after", flat=True)

    assert "_auth_user_id" not in client.session
    assert not User.objects.exists() and not EntraAccount.objects.exists()
    assert list(events) == ([{"refusal": code}] if noted else [])
    assert note(client) == REFUSALS[code]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ("wrong_issuer", "issuer"),
        ("wrong_audience", "audience"),
        ("wrong_nonce", "nonce"),
        ("expired", "expired"),
        ("not_yet", "not_yet"),
        ("other_tenant", "tenant"),
        ("no_roles", "no_roles"),
        ("wrong_key", "signature"),
        ("unsigned", "signature"),
    ],
)
def test_a_wrong_token_is_refused(entra: Tenant, client: Client, made: str, code: str) -> None:
    entra.makes(made)

    answer = entra.sign_in(client, "ingrid.it")

    assert answer["Location"] == "/login/"
    assert_refused(client, code)


def test_another_state_is_refused(entra: Tenant, client: Client) -> None:
    come_back(client, entra.pick(entra.begin(client), "ingrid.it"), state="something-else")

    assert_refused(client, "state")


def test_an_answer_begun_in_another_browser_is_refused(entra: Tenant, client: Client) -> None:
    address = entra.pick(entra.begin(Client()), "ingrid.it")

    entra.begin(client)
    come_back(client, address)

    assert_refused(client, "state")


def test_an_answer_nobody_asked_for_is_refused(entra: Tenant, client: Client) -> None:
    come_back(client, entra.pick(entra.begin(Client()), "ingrid.it"))

    assert_refused(client, "begun_elsewhere", noted=False)


def test_a_code_is_good_once(entra: Tenant, client: Client) -> None:
    first = entra.pick(entra.begin(Client()), "ingrid.it")
    used = entra.sandbox.session.post  # the code is redeemed by somebody else before us
    used(
        f"{entra.sandbox.url}/{entra.sandbox.tenant_id}/oauth2/v2.0/token",
        data={"grant_type": "authorization_code", "client_id": entra.client_id, "client_secret": entra.client_secret}
        | {"code": parameter(first, "code")},
        timeout=10,
    )
    mine = entra.pick(entra.begin(client), "ingrid.it")
    come_back(client, mine, code=parameter(first, "code"))

    assert_refused(client, "code")


def test_the_same_answer_twice_leads_in_once(entra: Tenant, client: Client) -> None:
    address = entra.pick(entra.begin(client), "ingrid.it")
    come_back(client, address)
    client.post("/logout/")

    come_back(client, address)

    assert "_auth_user_id" not in client.session
    assert note(client) == REFUSALS["begun_elsewhere"]


def test_another_verifier_is_refused(entra: Tenant, client: Client) -> None:
    address = entra.pick(entra.begin(client), "ingrid.it")
    session = client.session
    session["entra_flow"]["flow"]["code_verifier"] = "x" * 43
    session.save()

    come_back(client, address)

    assert_refused(client, "code")


def test_a_sign_in_that_took_too_long_is_refused(entra: Tenant, client: Client) -> None:
    address = entra.pick(entra.begin(client), "ingrid.it")
    session = client.session
    session["entra_flow"]["begun"] -= 16 * 60
    session.save()

    come_back(client, address)

    assert_refused(client, "too_late")


def test_a_cancelled_sign_in_is_refused(entra: Tenant, client: Client) -> None:
    sent = entra.begin(client)
    answer = entra.sandbox.session.post(sent, data={"cancel": "1"}, allow_redirects=False, timeout=10)

    come_back(client, answer.headers["Location"])

    assert_refused(client, "declined")


def test_somebody_without_a_role_is_refused_and_not_kept(entra: Tenant, client: Client) -> None:
    factories.municipality()
    entra.sign_in(client, "olle.utan")

    assert_refused(client, "no_roles")
    assert "olle" not in str(AuditEvent.objects.values()).lower()


def test_a_school_role_without_its_school_is_refused(entra: Tenant, client: Client) -> None:
    entra.user("nils.it", roles=["Portal.Approver", "School.FINNS-INTE"])

    entra.sign_in(client, "nils.it")

    assert_refused(client, "no_school")


def test_entra_that_does_not_answer_is_said(entra: Tenant, client: Client, settings: Any) -> None:
    settings.AUTHORITY_URL = "https://127.0.0.1:1"

    assert client.get("/login/entra/")["Location"] == "/login/"
    assert note(client) == REFUSALS["unreachable"]


def test_a_certificate_of_nobody_known_is_not_trusted(entra: Tenant, client: Client, settings: Any) -> None:
    settings.GRAPH_CA_BUNDLE = ""

    assert client.get("/login/entra/")["Location"] == "/login/"
    assert note(client) == REFUSALS["unreachable"]


def parameter(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query)[name][0]
