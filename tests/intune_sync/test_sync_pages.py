"""Pages and API of synchronisation."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from intune_sync.models import GraphCondition, SyncRun, UnmatchedRecord
from intune_sync.push import epochs
from schools.models import AuditEvent, User
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> User:
    user = factories.person("it_admin")
    client.force_login(user)
    return user


def unsafe_run() -> SyncRun:
    return factories.sync_run("devices", "unsafe", reason="shrunk", reason_data={"absent": 300, "known": 11000})


def graph_has_answered() -> None:
    GraphCondition.objects.create(last_answer_at=NOW)


def unmatched(number: int) -> UnmatchedRecord:
    return UnmatchedRecord.objects.create(
        resource="devices",
        graph_id=str(number),
        label=f"PC <{number}>",
        reason="placeholder_serial",
        first_seen_at=NOW,
        last_seen_at=NOW,
    )


@pytest.mark.parametrize("name", ["health", "sync_run_list", "unmatched_list"])
def test_it_administrator_and_auditor_read_and_school_staff_do_not(client: Client, name: str) -> None:
    url = reverse(f"intune_sync:{name}")

    for role, status in (("it_admin", 200), ("auditor", 200), ("committee", 403)):
        client.force_login(factories.person(role))
        assert client.get(url).status_code == status


def test_page_tells_why_a_run_failed_and_what_microsoft_calls_the_request(client: Client, admin: User) -> None:
    run = factories.sync_run(
        "apps", "failed", reason="forbidden", reason_data={"said": "Missing scope.", "request_id": "abc-1"}
    )

    page = client.get(run.get_absolute_url(), headers={"Accept-Language": "en"}).content.decode()

    assert "Missing scope." in page
    assert "abc-1" in page


def test_run_that_does_not_exist_is_not_found(client: Client, admin: User) -> None:
    assert client.get(reverse("intune_sync:sync_run", args=[2**62])).status_code == 404


def test_health_page_says_which_reading_waits_for_which(client: Client, admin: User) -> None:
    SyncRun.objects.create(resource="autopilot", trigger="schedule")
    SyncRun.objects.create(resource="devices", trigger="schedule")

    row = next(row for row in client.get(reverse("intune_sync:health")).context["health"].resources if row.open)
    devices = client.get(reverse("intune_sync:health")).context["health"].resources[2]

    assert row.waits_for == []
    assert devices.waits_for == [SyncRun.Resource.AUTOPILOT.label]


def test_health_page_costs_the_same_with_one_run_and_with_twenty(
    client: Client, admin: User, django_assert_max_num_queries
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(17) as counted:
            client.get(reverse("intune_sync:health"))
        return len(counted)

    factories.sync_run("apps")
    epochs.current()
    client.get(reverse("intune_sync:health"))  # what every page shows is kept from now on
    one = queries()
    for number in range(20):
        factories.sync_run("devices", "failed")
        unmatched(number)

    assert queries() == one


def test_health_page_counts_the_records_that_its_link_lists(client: Client, admin: User) -> None:
    graph_has_answered()
    for number in range(3):
        unmatched(number)

    page = client.get(reverse("intune_sync:health"))

    assert page.context["health"].unmatched_count == 3
    assert reverse("intune_sync:unmatched_list") in page.content.decode()


def test_start_queues_every_resource_once_and_is_audited(client: Client, admin: User) -> None:
    for _press in range(2):
        client.post(reverse("intune_sync:start_sync"))

    assert list(SyncRun.objects.order_by("id").values_list("resource", flat=True)) == SyncRun.Resource.values
    assert AuditEvent.objects.filter(act="syncrun.requested", actor=admin).count() == len(SyncRun.Resource)


def test_auditor_may_not_start(client: Client) -> None:
    client.force_login(factories.person("auditor"))

    assert client.post(reverse("intune_sync:start_sync")).status_code == 403
    assert not SyncRun.objects.exists()


def test_releasing_an_unsafe_run_queues_one_that_a_person_answers_for(client: Client, admin: User) -> None:
    run = unsafe_run()

    client.post(reverse("intune_sync:release_run", args=[run.pk]))

    new = SyncRun.objects.get(status="queued")
    assert (new.resource, new.approved_by) == ("devices", admin)
    assert AuditEvent.objects.get(act="syncrun.released").after["absent"] == 300


def test_unsafe_run_is_not_released_after_a_later_complete_one(client: Client, admin: User) -> None:
    run = unsafe_run()
    factories.sync_run("devices", "no_changes")

    client.post(reverse("intune_sync:release_run", args=[run.pk]))

    assert not SyncRun.objects.filter(status="queued").exists()


def test_unmatched_records_page_by_keyset_and_escape_names(client: Client, admin: User) -> None:
    for number in range(51):
        unmatched(number)

    page = client.get(reverse("intune_sync:unmatched_list"))

    assert "PC &lt;0&gt;" in page.content.decode()
    assert page.context["page"].next


class TestApi:
    def headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {factories.api_token(factories.person(role))}"}

    def test_list_costs_at_most_four_queries(self, client: Client, django_assert_max_num_queries) -> None:
        headers = self.headers("auditor")
        for _run in range(5):
            factories.sync_run("devices", requested_by=factories.user())

        client.get("/api/v1/sync-runs/", headers=headers)
        with django_assert_max_num_queries(4):
            answer = client.get("/api/v1/sync-runs/?resource=devices", headers=headers)

        assert len(answer.json()["results"]) == 5

    def test_starting_twice_with_one_key_starts_once(self, client: Client) -> None:
        headers = {**self.headers("it_admin"), "Idempotency-Key": "k1"}
        body = {"resources": ["apps"]}

        first = client.post("/api/v1/sync-runs/", body, content_type="application/json", headers=headers)
        again = client.post("/api/v1/sync-runs/", body, content_type="application/json", headers=headers)

        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert again.headers["Idempotent-Replay"] == "true"

    def test_unknown_resource_is_refused_with_the_field(self, client: Client) -> None:
        answer = client.post(
            "/api/v1/sync-runs/",
            {"resources": ["planets"]},
            content_type="application/json",
            headers=self.headers("it_admin"),
        )

        assert answer.status_code == 400
        assert "resources" in answer.json()

    def test_release_of_a_run_that_is_not_unsafe_names_its_state(self, client: Client) -> None:
        run = factories.sync_run("devices", "changed")

        answer = client.post(f"/api/v1/sync-runs/{run.pk}/release/", headers=self.headers("it_admin"))

        assert (answer.status_code, answer.json()["status"]) == (409, "changed")

    def test_auditor_may_not_start(self, client: Client) -> None:
        assert client.post("/api/v1/sync-runs/", headers=self.headers("auditor")).status_code == 403
