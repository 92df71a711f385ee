"""Apps that the portal creates in Intune: created once, waited for, taken into the catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import AppVersion
from intune_sync.models import IntuneApp, Operation
from intune_sync.push import apply
from intune_sync.services.new_apps import NewApp, request_app, retry_app
from schools.models import AuditEvent
from tests import contract, factories
from tests.pushing import Tenant, Town

pytestmark = pytest.mark.django_db


def krita(name: str) -> NewApp:
    return NewApp(type="winGetApp", name=name, publisher="Krita Foundation", package="9N6X57ZGRW96")


def in_intune(tenant: Tenant, name: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {tenant.sandbox.token()}"}
    url = f"{tenant.sandbox.url}/beta/deviceAppManagement/mobileApps?$filter=displayName eq '{name}'"
    return list(tenant.sandbox.session.get(url, headers=headers).json()["value"])


def test_a_program_is_created_waited_for_and_catalogued(town: Town):
    asked = request_app(krita("Krita ett"), town.requester)
    now = timezone.now()

    apply.work(now)
    asked.refresh_from_db()
    assert (asked.status, asked.problem) == ("unknown", "not_published")

    town.tenant.sandbox.advance(600)
    apply.work(now + timedelta(minutes=1))
    asked.refresh_from_db()
    (made,) = in_intune(town.tenant, "Krita ett")
    assert asked.status == "verified"
    assert str(AppVersion.objects.get(application__name="Krita ett").intune_app_id) == made["id"]
    assert AuditEvent.objects.filter(act__in=["app.requested", "app.created"]).count() == 2


def test_a_web_page_is_there_at_once(town: Town):
    geogebra = factories.application("GeoGebra på webben")
    new = NewApp("webApp", "Räkna", "GeoGebra", address="https://geogebra.example/", application=geogebra.name)
    request_app(new, town.requester)

    apply.work(timezone.now())

    assert geogebra.versions.get().app_type == "webApp"


def test_one_whose_answer_was_lost_is_found_by_its_mark(town: Town):
    asked = request_app(krita("Krita två"), town.requester)
    town.tenant.fault("drop_after", path="/mobileApps")

    now = timezone.now()
    apply.work(now)
    asked.refresh_from_db()
    assert asked.problem == "answer_lost"
    apply.work(now + timedelta(minutes=1))

    assert len(in_intune(town.tenant, "Krita två")) == 1


def test_what_intune_has_or_is_getting_is_not_created_again(town: Town):
    with pytest.raises(ValidationError):
        request_app(NewApp("winGetApp", "Microsoft Teams", "Microsoft", package="XP8BT8DW290MPQ"), town.requester)
    request_app(krita("Krita tre"), town.requester)
    with pytest.raises(ValidationError):
        request_app(krita("krita tre"), town.requester)


def test_a_refusal_is_told_and_can_be_tried_again(town: Town):
    asked = request_app(krita("Krita fyra"), town.requester)
    town.tenant.fault("status", path="/mobileApps", status=403)
    apply.work(timezone.now())
    asked.refresh_from_db()
    assert (asked.status, asked.problem) == ("failed", "forbidden")

    retry_app(asked, town.requester)
    apply.work(timezone.now())
    asked.refresh_from_db()
    assert asked.problem == "not_published"
    with pytest.raises(ValidationError):
        retry_app(asked, town.requester)


def test_the_page_asks_for_what_the_kind_needs(client: Client, town: Town):
    client.force_login(town.requester)
    body = {"type": "winGetApp", "name": "Krita fem", "publisher": "Krita", "address": "https://krita.example/"}

    assert client.post(reverse("intune_sync:create_app"), body).status_code == 400
    assert not Operation.objects.exists()

    answer = client.post(reverse("intune_sync:create_app"), {**body, "package": "9N6X57ZGRW96"}, follow=True)
    assert "Krita fem" in answer.content.decode()
    assert Operation.objects.get().desired["address"] == ""


def test_an_address_that_is_not_https_is_refused(client: Client, town: Town):
    client.force_login(town.requester)
    body = {"type": "webApp", "name": "Sida", "publisher": "Någon", "address": "http://sida.example/"}

    assert client.post(reverse("intune_sync:create_app"), body).status_code == 400


@contract.needs_contract
def test_both_kinds_are_created_as_microsoft_describes_it(town: Town):
    request_app(krita("Krita sex"), town.requester)
    request_app(NewApp("webApp", "Sida sju", "Någon", address="https://sida.example/"), town.requester)

    apply.work(timezone.now())

    calls = [call for call in town.tenant.calls(method="POST") if call["path"].endswith("/mobileApps")]
    assert len(calls) == 2
    for call in calls:
        contract.validate_request("POST", call["path"], call["body"])
    assert IntuneApp.objects.filter(display_name="Sida sju").exists()


def test_one_that_lists_lack_for_hours_is_found_by_its_id(town: Town):
    town.tenant.sandbox.post("/sandbox/settings", {"new_app_unlisted_seconds": 36_000})
    asked = request_app(krita("Krita sen"), town.requester)

    now = timezone.now()
    apply.work(now)
    town.tenant.sandbox.advance(600)
    apply.work(now + timedelta(minutes=10))
    town.tenant.sandbox.delete("/sandbox/settings")

    asked.refresh_from_db()
    assert asked.status == "verified"
    assert len(town.tenant.calls(method="POST", path_contains="/mobileApps")) == 1
