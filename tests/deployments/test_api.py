import pytest
from rest_framework.test import APIClient

from deployments.models import ChangeSet
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make.api_token(user, last_used_at=NOW.replace(year=2090))}")
    return client


def results(client: APIClient, path: str, **query) -> list[dict]:
    answer = client.get(f"/api/v1/{path}/", query)
    assert answer.status_code == 200, answer.data
    return answer.data["results"]


def test_applications_come_with_their_versions() -> None:
    version = make.app_version(make.application("GeoGebra"), "6.0")

    (row,) = results(client_of(make.person("teacher", make.school())), "applications")

    assert (row["name"], row["versions"][0]["id"]) == ("GeoGebra", version.pk)


def test_revision_comes_with_the_entries_its_reader_may_see() -> None:
    mine, other, revision, app = make.school("Min"), make.school("Annan"), make.revision("active"), make.application()
    for owner in (make.municipality(), mine, other):
        make.entry(revision, owner, app)

    (row,) = results(client_of(make.person("school_it", mine)), "revisions", status="active")

    assert [(entry["level"], entry["container"]) for entry in row["entries"]] == [
        ("municipality", "Ådala kommun"),
        ("school", "Min"),
    ]


def test_drafts_are_not_listed_for_schools() -> None:
    make.revision("draft")

    (row,) = results(client_of(make.person("school_it", make.school())), "baselines")

    assert row["revisions"] == []


def test_install_status_is_kept_to_ones_school_and_filtered() -> None:
    mine, version = make.school(), make.app_version()
    make.install_status(make.device(mine), version, "failed")
    make.install_status(make.device(mine), version)
    make.install_status(make.device(make.school()), version, "failed")

    rows = results(client_of(make.person("school_it", mine)), "install-status", state="failed")

    assert [row["school"] for row in rows] == [mine.pk]


@pytest.mark.parametrize("path", ["applications", "baselines", "revisions", "install-status", "change-sets"])
def test_a_page_costs_at_most_four_queries(path: str, django_assert_max_num_queries) -> None:
    school = make.school()
    for n in range(5):
        revision = make.revision("superseded", of=make.baseline("HT", 2020 + n))
        version = make.app_version()
        make.entry(revision, school, version.application)
        make.install_status(make.device(school), version)
        make.change_set("planned", revision=revision)
    client = client_of(make.person("it_admin"))

    with django_assert_max_num_queries(4):
        rows = results(client, path)

    assert len(rows) == 5


def approval(change_set: ChangeSet, user, body=None, **headers):
    path = f"/api/v1/change-sets/{change_set.pk}/approve/"
    return client_of(user).post(path, body or {"plan_hash": change_set.plan_hash}, format="json", headers=headers)


def test_change_is_approved_by_another_person() -> None:
    change_set = make.change_set("planned")

    answer = approval(change_set, make.person("it_admin", username="bo"))

    assert (answer.status_code, answer.data["status"], answer.data["approved_by"]) == (200, "approved", "bo")


def test_requester_is_refused_with_the_reason() -> None:
    change_set = make.change_set("planned")

    answer = approval(change_set, change_set.requested_by)

    assert answer.status_code == 400
    assert ChangeSet.objects.get().status == "planned"


def test_wrong_state_is_a_conflict_that_names_the_state() -> None:
    answer = approval(make.change_set("applying"), make.person("it_admin"))

    assert (answer.status_code, answer.data["status"]) == (409, "applying")


def test_same_key_approves_once_and_answers_the_same() -> None:
    change_set, approver = make.change_set("planned"), make.person("it_admin")

    first = approval(change_set, approver, **{"Idempotency-Key": "k1"})
    again = approval(change_set, approver, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, again.headers["Idempotent-Replay"]) == (200, 200, "true")
    assert again.data == first.data


def test_school_staff_do_not_approve() -> None:
    change_set, school = make.change_set("applying"), make.school()
    make.change_target(make.assignment_change(change_set), make.device(school))

    assert approval(change_set, make.person("school_it", school)).status_code == 403
    assert approval(change_set, make.person("school_it", make.school())).status_code == 404


def test_rejection_and_cancellation_reopen_the_draft() -> None:
    admin = make.person("it_admin")
    rejected, cancelled = make.change_set("planned"), make.change_set("planned", revision=make.revision("proposed"))

    for change_set, command in ((rejected, "reject"), (cancelled, "cancel")):
        path = f"/api/v1/change-sets/{change_set.pk}/{command}/"
        assert client_of(admin).post(path, {"reason": "Nej"}, format="json").status_code == 200
        change_set.revision.refresh_from_db()
        assert change_set.revision.status == "draft"


def test_progress_adds_up() -> None:
    school = make.school()
    change = make.assignment_change(make.change_set("applying"))
    make.change_target(change, make.device(school))

    answer = client_of(make.person("it_admin")).get(f"/api/v1/change-sets/{change.change_set_id}/progress/")

    assert answer.data["total"] == sum(answer.data["counts"].values()) == 1
    assert answer.data["by_school"][0]["school"] == school.pk


def test_decision_is_taken_back_proposed_and_its_change_opened_by_script() -> None:
    decision, school = make.decision(), make.school()
    active = make.revision("active")
    make.entry(active, school, make.app_version().application, decision=decision)
    client = client_of(make.person("it_admin"))

    draft = client.post(f"/api/v1/decisions/{decision.pk}/take-back/", {"reason": "Den kraschar"}, format="json")
    change = client.post(f"/api/v1/revisions/{draft.data['id']}/propose/", {}, format="json")

    assert (draft.status_code, change.status_code) == (201, 201)
    assert ChangeSet.objects.get(pk=change.data["id"]).revision_id == draft.data["id"]
    again = client.post(f"/api/v1/revisions/{draft.data['id']}/propose/", {}, format="json")
    assert again.status_code == 409


def test_decided_revision_is_published_by_script() -> None:
    revision = make.revision("decided", decided_at=NOW.replace(year=2020))

    answer = client_of(make.person("it_admin")).post(f"/api/v1/revisions/{revision.pk}/publish/")

    assert (answer.status_code, answer.data["revision"]) == (201, revision.pk)


def test_revision_goes_out_and_in_by_script() -> None:
    revision = make.revision("active")
    make.entry(revision, make.municipality(), make.app_version().application)
    client = client_of(make.person("it_admin"))

    text = client.get(f"/api/v1/revisions/{revision.pk}/export/").data["yaml"]
    into = f"/api/v1/baselines/{make.baseline('HT').pk}/import/"
    draft = client.post(into, {"yaml": text}, format="json")
    refused = client.post(into, {"yaml": text.replace("required", "perhaps")}, format="json")

    assert client.get(f"/api/v1/revisions/{draft.data['id']}/export/").data["yaml"] == text
    assert refused.status_code == 400
    assert "Rad 8" in str(refused.data)


def test_draft_is_started_and_discarded_by_script() -> None:
    make.revision("active")
    client = client_of(make.person("it_admin"))

    draft = client.post(f"/api/v1/baselines/{make.baseline('HT').pk}/drafts/", {}, format="json")
    gone = client.post(f"/api/v1/revisions/{draft.data['id']}/discard/", {}, format="json")

    assert (draft.status_code, gone.data["status"]) == (201, "discarded")
