"""Signing in with Entra, the way it should go."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client

from schools.entra.refusals import REFUSALS
from schools.models import AuditEvent, EntraAccount, RoleAssignment, User
from tests import factories
from tests.schools.entra import Tenant, come_back, note
from tests.waiting import eventually

TAG = "GY-RONN"


def held(user: User) -> set[tuple[str, int | None]]:
    return set(RoleAssignment.objects.filter(user=user, valid_until=None).values_list("role", "school_id"))


@contextmanager
def nobody_may_write(model: type[Model], waiting: int) -> Iterator[None]:
    """What is started inside goes on, all at once, when so many connections wait to write the table."""
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:

        def blocked() -> int:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table])
            return int(cursor.fetchone()[0])

        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN SHARE MODE")
        yield
        eventually(lambda: blocked() == waiting, seconds=20, what=f"{waiting} that write {table}")


def test_first_sign_in_makes_the_account_with_its_roles(entra: Tenant, client: Client) -> None:
    answer = entra.sign_in(client, "ingrid.it", "/devices/")

    user = User.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/devices/")
    assert (user.username, user.display_name) == (entra.name("ingrid.it"), "Ingrid Åkerlund")
    assert held(user) == {("it_admin", None)}
    assert client.get("/devices/").status_code == 200
    acts = AuditEvent.objects.order_by("id").values_list("act", flat=True)
    assert list(acts) == ["person.created", "role.granted", "person.signed_in"]


@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_in_the_same_moment_make_one_account(entra: Tenant) -> None:
    clients = [Client(), Client()]
    addresses = [entra.pick(entra.begin(client), "ingrid.it") for client in clients]

    def arrive(turn: int) -> str:
        try:
            return str(come_back(clients[turn], addresses[turn])["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        with nobody_may_write(User, waiting=2):
            arrived = [threads.submit(arrive, turn) for turn in range(2)]
        answers = [each.result(30) for each in arrived]

    assert answers == ["/", "/"]
    assert EntraAccount.objects.get().user == User.objects.get()
    assert held(User.objects.get()) == {("it_admin", None)}
    assert [client.get("/account/").status_code for client in clients] == [200, 200]
    acts = AuditEvent.objects.order_by("id").values_list("act", flat=True)
    assert list(acts) == ["person.created", "role.granted", "person.signed_in", "person.signed_in"]


@pytest.mark.parametrize(
    ("app_role", "role", "at_a_school"),
    [
        ("Portal.ITAdmin", "it_admin", False),
        ("Portal.Approver", "approver", True),
        ("Portal.SchoolIT", "school_it", True),
        ("Portal.Teacher", "teacher", True),
        ("Portal.Committee", "committee", False),
        ("Portal.Supplier", "supplier", False),
        ("Portal.Auditor", "auditor", False),
    ],
)
def test_each_app_role_is_the_portals_own(
    entra: Tenant, client: Client, app_role: str, role: str, at_a_school: bool
) -> None:
    school = factories.school(group_tag=TAG)
    entra.user("nils.it", roles=[app_role, f"School.{TAG}"])

    entra.sign_in(client, "nils.it")

    assert held(User.objects.get()) == {(role, school.pk if at_a_school else None)}


def test_a_school_may_follow_from_a_group(entra: Tenant, client: Client, settings: Any) -> None:
    school = factories.school(group_tag=TAG)
    settings.SIGN_IN_SCHOOL_GROUPS = {"6f9b3f0e-0000-4000-8000-000000000001": TAG}
    entra.user("nils.it", roles=["Portal.Teacher"], groups=["6f9b3f0e-0000-4000-8000-000000000001"])

    entra.sign_in(client, "nils.it")

    assert held(User.objects.get()) == {("teacher", school.pk)}


def test_second_sign_in_finds_the_account_and_follows_name_and_roles(entra: Tenant, client: Client) -> None:
    entra.sign_in(client, "nils.it")
    factories.role(User.objects.get(), "committee")
    entra.user("nils.it", name="Nils Öberg Lund", roles=["Portal.Auditor"])

    entra.sign_in(Client(), "nils.it")

    assert User.objects.get().display_name == "Nils Öberg Lund"
    assert held(User.objects.get()) == {("auditor", None)}


def test_a_deputys_role_given_here_stays_until_it_ends(entra: Tenant, client: Client) -> None:
    entra.sign_in(client, "nils.it")
    school = factories.school()
    factories.role(User.objects.get(), "approver", school, valid_until=datetime(2099, 1, 1, tzinfo=UTC))

    entra.sign_in(Client(), "nils.it")

    assert User.objects.get().access.holds("approver", school_id=school.pk)


def test_a_local_account_of_that_name_stays_another_persons(entra: Tenant, client: Client) -> None:
    local = factories.user(entra.name("nils.it"), password=factories.PASSWORD)

    entra.sign_in(client, "nils.it")

    assert EntraAccount.objects.get().user != local
    assert EntraAccount.objects.get().user.username == f"{local.username}-2"


def test_who_signs_in_with_entra_has_no_password_here(entra: Tenant, client: Client) -> None:
    entra.sign_in(client, "nils.it")
    page_of_password = client.get("/account/password/")
    user = User.objects.get()
    user.set_password(factories.PASSWORD)
    user.save()

    answer = Client().post("/login/", {"username": user.username, "password": factories.PASSWORD})

    assert answer.context["form"].has_error("__all__", "invalid_login")
    assert page_of_password.status_code == 404


def test_the_way_there_has_pkce_state_and_nonce(entra: Tenant, client: Client) -> None:
    sent = parse_qs(urlsplit(entra.begin(client)).query)

    assert sent["code_challenge_method"] == ["S256"]
    assert all(len(sent[name][0]) > 15 for name in ("code_challenge", "state", "nonce"))
    assert sent["redirect_uri"] == ["http://testserver/login/entra/return/"]


def test_session_gets_another_key(entra: Tenant, client: Client) -> None:
    address = entra.pick(entra.begin(client), "nils.it")
    before = client.session.session_key

    come_back(client, address)

    assert client.session.session_key != before
    assert not client.session.exists(before)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_next_never_leaves_the_portal(entra: Tenant, client: Client, target: str) -> None:
    assert entra.sign_in(client, "nils.it", target)["Location"] == "/"


def test_signing_out_ends_the_session_at_entra_too_and_needs_our_own_form(entra: Tenant) -> None:
    client = Client(enforce_csrf_checks=True)
    entra.sign_in(client, "nils.it")
    assert client.post("/logout/").status_code == 403

    client = Client()
    entra.sign_in(client, "nils.it")
    answer = client.post("/logout/")

    assert answer["Location"].startswith(f"{entra.sandbox.url}/{entra.sandbox.tenant_id}/oauth2/v2.0/logout?")
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Flogin%2F" in answer["Location"]
    assert client.get("/account/").status_code == 302


def test_a_local_session_is_not_signed_out_at_entra(entra: Tenant, client: Client) -> None:
    client.force_login(factories.user())

    assert client.post("/logout/")["Location"] == "/login/"


def test_the_page_offers_the_school_account_first(entra: Tenant, client: Client) -> None:
    page = client.get("/login/?next=/devices/").content.decode()

    assert 'href="http://testserver/login/entra/?next=%2Fdevices%2F"' in page
    assert page.index("/login/entra/") < page.index('<details class="panel">') < page.index('name="password"')


def test_without_a_registration_there_is_no_sign_in_by_entra(client: Client, db: None) -> None:
    assert "/login/entra/" not in client.get("/login/").content.decode()
    assert client.get("/login/entra/")["Location"] == "/login/"
    assert note(client) == REFUSALS["off"]


def test_without_local_accounts_passwords_lead_nowhere(client: Client, settings: Any, db: None) -> None:
    anna = factories.person("it_admin", username="anna", password=factories.PASSWORD)
    client.force_login(anna)
    settings.LOCAL_ACCOUNTS = False

    assert client.get("/account/").status_code == 302
    assert client.post("/login/", {"username": "anna", "password": factories.PASSWORD}).status_code == 403
    assert 'name="password"' not in client.get("/login/").content.decode()
