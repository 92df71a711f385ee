"""Opening a semester, and beginning with what Intune has."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from deployments.models import Baseline
from deployments.services.semesters import open_semester
from schools.models import AuditEvent
from tests.factories import person

pytestmark = pytest.mark.django_db

SPRING = {"year": 2027, "term": "VT", "starts_on": date(2027, 1, 11), "ends_on": date(2027, 6, 11)}


def test_open_semester_has_an_empty_baseline_and_an_audit_event() -> None:
    baseline = open_semester(**SPRING, by=None)

    assert str(baseline) == "VT 2027"
    assert baseline.revisions.count() == 0
    assert AuditEvent.objects.get(act="semester.opened").after["starts_on"] == "2027-01-11"


def test_a_semester_is_opened_once() -> None:
    open_semester(**SPRING, by=None)

    with pytest.raises(ValidationError):
        open_semester(**SPRING, by=None)

    assert Baseline.objects.count() == 1


def test_a_semester_that_ends_before_it_starts_is_refused_on_the_page(client: Client) -> None:
    client.force_login(person("it_admin"))

    answer = client.post("/baselines/open/", {**SPRING, "ends_on": "2026-12-01"})

    assert answer.status_code == 400
    assert not Baseline.objects.exists()
    assert answer.context["form"].errors


def test_the_page_opens_a_semester_and_leads_to_its_baseline(client: Client) -> None:
    client.force_login(person("it_admin"))

    answer = client.post("/baselines/open/", SPRING)

    assert answer.url == Baseline.objects.get().get_absolute_url()


def test_taking_over_is_offered_until_something_is_in_force(client: Client) -> None:
    baseline = open_semester(**SPRING, by=None)
    client.force_login(person("it_admin"))

    page = client.get(baseline.get_absolute_url()).content.decode()

    assert f"/baselines/{baseline.pk}/take-over/" in page
