import pytest
from rest_framework.test import APIClient

from deployments.models import ChangeSet, Rollout
from deployments.services import rollouts
from schools.models import User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change
from tests.deployments.test_api import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def post(client: APIClient, path: str, **body):
    return client.post(f"/api/v1/rollouts/{path}", body, format="json")


def planned(client: APIClient, **body) -> dict:
    school = make.school()
    change_set = approved_change([make.device(school) for _ in range(20)])
    answer = post(client, "", change_set=change_set.pk, least_per_model=2, **body)
    assert answer.status_code == 201, answer.data
    return answer.data


def sizes(client: APIClient, pk: int) -> list[int]:
    return [ring["computers"] for ring in client.get(f"/api/v1/rollouts/{pk}/rings/").data]


def test_rollout_is_planned_shown_and_edited(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client, shares=[20, 100])["id"]
    assert sizes(client, pk) == [4, 16]
    first = [row for row in client.get(f"/api/v1/rollouts/{pk}/computers/").data["results"] if row["ring"] == 1]
    assert len(first) == 4

    moved = post(client, f"{pk}/move/", devices=[first[0]["device"]], ring=2)
    assert (moved.status_code, sizes(client, pk)) == (200, [3, 17])

    again = post(client, f"{pk}/redraw/", shares=[50, 100], seed=7)
    assert (again.data["seed"], sizes(client, pk)) == (7, [10, 10])


def test_fault_in_the_settings_is_told_by_field(admin: User) -> None:
    change_set = approved_change([make.device()])

    answer = post(client_of(admin), "", change_set=change_set.pk, shares=[50, 10])

    assert (answer.status_code, "shares" in str(answer.data)) == (400, True)


def test_wrong_state_is_a_conflict(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client)["id"]

    answer = post(client, f"{pk}/pause/")

    assert (answer.status_code, answer.data["status"]) == (409, "planned")


def test_one_that_waits_to_start_is_planned_again(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client)["id"]
    rollouts.ask_to_start(Rollout.objects.get(pk=pk), by=admin, now=make.NOW)

    assert post(client, f"{pk}/dequeue/").data["status"] == "planned"


def test_two_people_pass_the_calendar(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client)["id"]
    post(client, f"{pk}/override/", reason="Säkerhetshål")

    assert post(client, f"{pk}/override/approve/").status_code == 400
    assert post(client_of(make.person("it_admin")), f"{pk}/override/approve/").status_code == 200
    assert ChangeSet.objects.get().overrides.get().requested_by == admin


def test_school_sees_its_own_computers_alone_and_no_gate(admin: User) -> None:
    mine, other = make.school(), make.school()
    row = make.rollout(approved_change([make.device(mine), make.device(other)]), status="running", started_at=make.NOW)
    row.change_set.move_to("applying")
    ring = row.rings.create(number=1, share=100)
    for target in row.change_set.changes.get().targets.all():
        ring.members.create(rollout=row, device=target.device)
    ring.readings.create(read_at=make.NOW, installed=2, failed=0, waiting=0, low=0, high=1, verdict="pass")

    (seen,) = client_of(make.person("school_it", mine)).get(f"/api/v1/rollouts/{row.pk}/rings/").data
    (whole,) = client_of(admin).get(f"/api/v1/rollouts/{row.pk}/rings/").data

    assert (seen["computers"], seen["reading"]) == (1, None)
    assert (whole["computers"], whole["reading"]["verdict"]) == (2, "pass")


def test_plan_that_is_no_longer_true_starts_nothing_and_waits_for_approval(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client)["id"]
    ChangeSet.objects.update(plan={"snapshot": {}, "changes": [], "calls": []})

    answer = post(client, f"{pk}/start/")

    row = Rollout.objects.get()
    assert (answer.status_code, row.status, row.change_set.status) == (409, "planned", "planned")


def test_one_with_a_coming_day_waits_for_it(admin: User) -> None:
    client = client_of(admin)
    pk = planned(client, starts_on="2090-01-11")["id"]

    answer = post(client, f"{pk}/start/")

    assert (answer.status_code, answer.data["status"], answer.data["started_by"]) == (202, "queued", admin.username)
