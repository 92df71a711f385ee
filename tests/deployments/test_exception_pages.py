"""Exceptions on pages and by the API: asked for, decided, explained on the computer's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import ExceptionRenewal, SoftwareException
from deployments.services import exceptions
from schools.models import School, User
from tests import factories as make
from tests.deployments.exception_factories import carried_out, software_exception
from tests.deployments.request_factories import staff, vetted

pytestmark = pytest.mark.django_db


@pytest.fixture
def school(db: None) -> School:
    make.revision("active")
    return make.school()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(school: School, **columns: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "what": vetted().name,
        "kind": "required",
        "computer": make.device(school, observed_name="GY-0417").observed_name,
        "reason": "Särskilt stöd",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=30)).isoformat(),
        **columns,
    }


def test_school_it_asks_on_the_form_and_the_approver_approves(school: School) -> None:
    people = staff(school)

    answer = signed_in(people["school_it"]).post(reverse("deployments:new_exception"), said(school))
    row = SoftwareException.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url())
    approver = signed_in(people["approver"])
    assert str(row) in approver.get(reverse("deployments:exception_list")).content.decode()
    approver.post(reverse("deployments:approve_exception", args=[row.pk]))

    row.refresh_from_db()
    assert (row.status, row.approved_by) == ("approved", people["approver"])


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"computer": ""}, None),
        ({"computer": "finns-inte"}, "computer"),
        ({"what": "Finns inte"}, "what"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"version": "99"}, "version"),
    ],
)
def test_form_says_what_is_wrong_beside_the_field(school: School, columns: dict[str, Any], field: str | None) -> None:
    client = signed_in(make.person("school_it", school))

    answer = client.post(reverse("deployments:new_exception"), said(school, **columns))

    assert answer.status_code == 400
    assert (field or "__all__") in answer.context["form"].errors


def test_computer_page_names_the_exception_and_its_last_day(school: School) -> None:
    people, device = staff(school), make.device(school)
    today = timezone.localdate()
    asked = exceptions.Asked(vetted(), "required", device, "Särskilt stöd i matematik", today + timedelta(days=9))
    row = exceptions.approve(exceptions.ask(asked, people["teacher"]), people["approver"])
    carried_out(row.change_set, timezone.now())

    page = signed_in(people["school_it"]).get(device.get_absolute_url()).content.decode()

    assert row.get_absolute_url() in page
    assert "Särskilt stöd i matematik" in page


def test_list_narrows_to_what_ends_soon(school: School) -> None:
    today = timezone.localdate()
    soon = software_exception("in_force", make.device(school), ends_on=today + timedelta(days=5), starts_on=today)
    software_exception("in_force", make.device(school), ends_on=today + timedelta(days=50), starts_on=today)
    client = signed_in(make.person("school_it", school))

    page = client.get(reverse("deployments:exception_list"), {"soon": "1"})

    assert list(page.context["rows"]) == [soon]
    assert page.context["ending_soon"] == 1


def test_list_costs_the_same_for_one_and_for_many(school: School, django_assert_max_num_queries: Any) -> None:
    client = signed_in(make.person("school_it", school))
    for _each in range(12):
        software_exception("in_force", make.device(school))

    with django_assert_max_num_queries(12):
        client.get(reverse("deployments:exception_list"))


def test_renewal_on_the_page_by_one_and_granted_by_another(school: School) -> None:
    today = timezone.localdate()
    row = software_exception("in_force", make.device(school), starts_on=today, ends_on=today + timedelta(days=3))
    vetted(row.application)
    last = today + timedelta(days=60)
    asker, approver = signed_in(row.asked_by), signed_in(row.approved_by)

    asker.post(reverse("deployments:renew_exception", args=[row.pk]), {"ends_on": last, "reason": "Behövs"})
    assert reverse("deployments:grant_renewal", args=[row.pk]) not in asker.get(row.get_absolute_url()).content.decode()
    assert reverse("deployments:grant_renewal", args=[row.pk]) in approver.get(row.get_absolute_url()).content.decode()
    approver.post(reverse("deployments:grant_renewal", args=[row.pk]))

    row.refresh_from_db()
    assert (row.ends_on, ExceptionRenewal.objects.get().status) == (last, "granted")


def test_api_asks_and_another_approves(school: School) -> None:
    people, device, application = staff(school), make.device(school), vetted()
    last = timezone.localdate() + timedelta(days=30)

    def call(user: User, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {make.api_token(user)}"}
        return Client().post(f"/api/v1/exceptions/{path}", body, content_type="application/json", headers=headers)

    body = {"application": application.pk, "device": device.pk, "kind": "available", "reason": "Stöd", "ends_on": last}
    made = call(people["school_it"], "", **body)
    assert (made.status_code, made.json()["turn"]) == (201, "school")
    assert call(people["school_it"], f"{made.json()['id']}/approve/").status_code == 403
    assert call(people["approver"], f"{made.json()['id']}/approve/").json()["status"] == "approved"
    assert call(people["school_it"], "", **body).status_code == 400
