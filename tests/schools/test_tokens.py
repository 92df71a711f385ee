"""API tokens: issued once, kept as a digest, refused when expired, revoked or ownerless."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from schools.models import ApiToken, AuditEvent
from schools.services.tokens import issue_token, revoke_token
from tests import factories

pytestmark = pytest.mark.django_db


def status_with(token: str) -> int:
    return Client().get("/api/v1/schools/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_digest_is_kept_and_the_token_is_not() -> None:
    token, text = issue_token(factories.person("it_admin"), "Export", 30)

    row = ApiToken.objects.values().get(pk=token.pk)

    assert row["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert text.startswith(row["prefix"] + "_")
    assert text not in str(row) + str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("days", [0, -1, 366])
def test_token_is_good_for_one_to_365_days(days: int) -> None:
    with pytest.raises(ValidationError):
        issue_token(factories.user(), "Export", days)


def test_token_needs_a_purpose() -> None:
    with pytest.raises(ValidationError):
        issue_token(factories.user(), "  ", 30)


def test_good_token_opens_the_api_and_notes_its_use() -> None:
    person = factories.person("it_admin")

    assert status_with(issue_token(person, "Export", 1)[1]) == 200
    assert person.api_tokens.get().last_used_at is not None


def test_expired_token_is_refused() -> None:
    now = timezone.now()
    text = factories.api_token(factories.person("it_admin"), expires_at=now + timedelta(hours=1))
    ApiToken.objects.update(created_at=now - timedelta(days=2), expires_at=now - timedelta(days=1))

    assert status_with(text) == 401


def test_revoked_token_is_refused_and_revoked_once() -> None:
    person = factories.person("it_admin")
    token, text = issue_token(person, "Export", 1)

    revoke_token(token, by=person)
    revoke_token(token, by=person)

    assert status_with(text) == 401
    assert AuditEvent.objects.filter(act="token.revoked").count() == 1


def test_token_of_a_closed_account_is_refused() -> None:
    person = factories.person("it_admin", is_active=False)

    assert status_with(factories.api_token(person)) == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer tsk_x", "Bearer \u00ff", "Bearer " + "x" * 5000])
def test_malformed_token_is_401_with_a_challenge(header: str) -> None:
    response = Client().get("/api/v1/schools/", headers={"Authorization": header})

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
