"""A person's own page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from schools.models import ApiToken, AuditEvent, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client: Client) -> User:
    someone = factories.person("school_it", factories.school("Södra skolan"), password=factories.PASSWORD)
    client.force_login(someone)
    client.cookies["django_language"] = "en"
    return someone


def test_roles_stand_in_words_with_their_school_and_end(client: Client, person: User) -> None:
    factories.role(person, "auditor", valid_until=timezone.now() + timedelta(days=400))
    factories.role(person, "teacher", factories.school("Förr"), valid_until=timezone.now() - timedelta(days=1))

    page = client.get("/account/").content.decode()

    assert "School IT staff at Södra skolan" in page
    assert "Auditor in the whole municipality" in page
    assert "Förr" not in page


def test_person_without_a_role_is_told_what_to_do(client: Client) -> None:
    client.force_login(factories.user())
    client.cookies["django_language"] = "en"

    assert "hold no role yet" in client.get("/account/").content.decode()


def test_new_token_is_shown_once_and_works(client: Client, person: User) -> None:
    response = client.post("/account/tokens/", {"name": "Export", "days": "30"})

    text = response.context["text"]
    assert text in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert text not in client.get("/account/").content.decode()
    assert Client().get("/api/v1/schools/", headers={"Authorization": f"Bearer {text}"}).status_code == 200


@pytest.mark.parametrize("days", ["0", "366", "x", "", "9" * 30, "1.5"])
def test_days_that_make_no_sense_are_refused_beside_the_field(days: str, client: Client, person: User) -> None:
    response = client.post("/account/tokens/", {"name": "Export", "days": days})

    assert response.status_code == 400
    assert response.context["form"].errors["days"]
    assert not ApiToken.objects.exists()


def test_token_of_somebody_else_is_not_there_to_revoke(client: Client, person: User) -> None:
    factories.api_token(factories.user())
    token = ApiToken.objects.get()

    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_revoked_token_moves_to_those_that_no_longer_work(client: Client, person: User) -> None:
    factories.api_token(person)
    token = ApiToken.objects.get()

    response = client.post(f"/account/tokens/{token.pk}/revoke/", follow=True)

    assert response.context["closed"] == [token]
    assert not response.context["usable"]


def test_password_is_changed_other_sessions_end_and_the_trail_knows(client: Client, person: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(person)
    new = "tre ord som inte hör ihop"

    fields = {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/account/password/", fields)

    assert response.url == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert AuditEvent.objects.get().act == "person.password_changed"
    assert new not in str(AuditEvent.objects.values().get())


def test_wrong_old_password_changes_nothing(client: Client, person: User) -> None:
    new = "tre ord som inte hör ihop"

    response = client.post("/account/password/", {"old_password": "fel", "new_password1": new, "new_password2": new})

    assert response.context["form"].errors["old_password"]
    person.refresh_from_db()
    assert person.check_password(factories.PASSWORD)
