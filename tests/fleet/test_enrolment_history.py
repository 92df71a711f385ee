"""What a computer's page and the API tell of its enrolment attempts and of the settings that it does not meet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from fleet.models import Device, EnrolmentAttempt
from fleet.templatetags.durations import minutes
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(client: Client) -> Device:
    client.force_login(factories.person("it_admin"))
    return factories.device(factories.school(), profile_status="assignedInSync")


def failed(device: Device) -> EnrolmentAttempt:
    attempt: EnrolmentAttempt = device.enrolment_attempts.create(
        started_at=NOW,
        outcome="failure",
        failed_step="device_setup",
        reason="<script>alert(1)</script> timed out",
        deployment_time=timedelta(minutes=41),
        profile_name="Elev <5>",
    )
    return attempt


def page_of(client: Client, device: Device) -> str:
    return client.get(device.get_absolute_url()).content.decode()


def test_page_tells_which_step_failed_and_why_as_text(client: Client, device: Device) -> None:
    failed(device)

    page = page_of(client, device)

    assert "Förberedelsen av datorn" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; timed out" in page
    assert "41 minuter" in page and "Elev &lt;5&gt;" in page
    assert "Profil tilldelad" in page


def test_page_names_the_policy_that_is_not_met(client: Client, device: Device) -> None:
    device.compliance_breaches.create(policy_name="Krav <b>", setting="BitLocker", state="Odd & new", first_seen_at=NOW)

    page = page_of(client, device)

    assert "Krav &lt;b&gt;" in page
    assert "Odd &amp; new" in page


def test_page_of_a_computer_without_history_has_no_empty_tables(client: Client, device: Device) -> None:
    page = page_of(client, device)

    assert 'id="attempts"' not in page
    assert 'id="breaches"' not in page


def test_api_gives_one_computers_attempts(client: Client, device: Device) -> None:
    attempt = failed(device)
    failed(factories.device())

    rows = client.get(f"/api/v1/enrolment-attempts/?device={device.pk}").json()["results"]

    assert [row["id"] for row in rows] == [attempt.pk]
    assert (rows[0]["failed_step"], "user" in str(rows[0]).lower()) == ("device_setup", False)


def test_lengths_of_time_in_words() -> None:
    with translation.override("en"):
        said = [minutes(None), minutes(timedelta(seconds=20)), minutes(timedelta(seconds=61))]

    assert said == ["–", "less than a minute", "1 minute"]
