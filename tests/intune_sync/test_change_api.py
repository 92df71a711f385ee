import pytest
from rest_framework.test import APIClient

from deployments.models import ChangeSet
from intune_sync.models import Operation
from intune_sync.payloads import assignment_for
from intune_sync.push import apply
from tests import factories
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Town


def client_of(user) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {factories.api_token(user)}", "Accept-Language": "en"})


def send(user, change_set: ChangeSet, command: str, body: dict | None = None, key: str = ""):
    headers = {"Idempotency-Key": key} if key else {}
    url = f"/api/v1/change-sets/{change_set.pk}/{command}/"
    return client_of(user).post(url, body or {}, format="json", headers=headers)


def test_the_whole_way_by_commands(town: Town):
    change_set = town.propose(GEOGEBRA)

    seen = send(town.requester, change_set, "preview").json()
    approved = send(town.approver, change_set, "approve", {"plan_hash": seen["change_set"]["plan_hash"]})
    started = send(town.requester, change_set, "apply")
    apply.work(NOW)

    assert seen["computers"] == 9
    assert seen["calls"][0]["url"].endswith("/assign")
    assert approved.json()["status"] == "approved"
    assert (started.status_code, started.json()["status"]) == (202, "applying")
    assert ChangeSet.objects.get().status == "applied"


def test_the_same_key_gives_the_same_answer_and_one_set_of_operations(town: Town):
    change_set = town.approved(GEOGEBRA)

    first = send(town.requester, change_set, "apply", key="k1")
    again = send(town.requester, change_set, "apply", key="k1")

    assert first.status_code == again.status_code == 202
    assert again["Idempotent-Replay"] == "true"
    assert Operation.objects.count() == 1


def test_a_wrong_state_is_409_with_the_state(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))

    answer = send(town.requester, change_set, "apply")

    assert (answer.status_code, answer.json()["status"]) == (409, "planned")


def test_a_stale_plan_is_409_with_what_changed(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.somebody_adds(
        GEOGEBRA, assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    )

    answer = send(town.requester, change_set, "apply")

    assert (answer.status_code, answer.json()["status"]) == (409, "planned")
    assert "Somebody has changed who is assigned GeoGebra" in answer.json()["detail"]


def test_an_intune_that_does_not_answer_is_503(town: Town):
    change_set = town.propose(GEOGEBRA)
    town.tenant.fault("status", method="POST", path="$batch", status=503, count=-1)

    answer = send(town.requester, change_set, "preview")

    assert answer.status_code == 503
    assert "Nothing was changed" in answer.json()["detail"]
    assert ChangeSet.objects.get().plan == {}


def test_school_people_get_their_share_of_a_plan_without_calls(town: Town):
    change_set = town.started(GEOGEBRA)
    client = client_of(factories.person("school_it", town.schools["GY-RONN"]))

    seen = client.get(f"/api/v1/change-sets/{change_set.pk}/plan/").json()

    assert (seen["computers"], seen["calls"], seen["warnings"]) == (3, [], [])
    assert [school["name"] for school in seen["schools"]] == ["Gy-Ronn"]


@pytest.mark.parametrize("command", ["preview", "apply", "retry", "abandon"])
def test_commands_are_for_it_administrators(town: Town, command: str):
    change_set = town.started(GEOGEBRA)

    answer = send(factories.person("auditor"), change_set, command)

    assert answer.status_code == 403


def test_abandoning_needs_a_reason(town: Town):
    change_set = town.started(GEOGEBRA)

    assert send(town.requester, change_set, "abandon").status_code == 400
