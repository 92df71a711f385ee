import pytest
from rest_framework.test import APIClient

from deployments.models import AppRequest
from tests import factories as make
from tests.deployments.request_factories import app_request, staff, vetted
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/requests/"


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make.api_token(user, last_used_at=NOW.replace(year=2090))}")
    return client


@pytest.fixture
def school():
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    return make.school()


def wish(school, application, **fields) -> dict:
    return {
        "school": school.pk,
        "application": application.pk,
        "purpose": "Geometri",
        "needed_by": "2027-02-01",
        **fields,
    }


def test_request_is_written_sent_and_approved(school) -> None:
    people, app = staff(school), vetted()
    make.device(school)
    teacher, approver = client_of(people["teacher"]), client_of(people["approver"])

    made = teacher.post(ROOT, wish(school, app), format="json")
    assert (made.status_code, made.data["status"]) == (201, "draft")
    path = f"{ROOT}{made.data['id']}/"
    assert approver.get(path).status_code == 404
    assert teacher.post(f"{path}submit/").data["status"] == "school"
    approved = approver.post(f"{path}approve/")

    assert (approved.status_code, approved.data["status"]) == (200, "planned")
    assert [step["status"] for step in approved.data["steps"]] == ["draft", "school", "planned"]


def test_same_key_creates_one_request(school) -> None:
    teacher, body = client_of(make.person("teacher", school)), wish(school, make.application())

    answers = [teacher.post(ROOT, body, format="json", HTTP_IDEMPOTENCY_KEY="begaran-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert AppRequest.objects.count() == 1


def test_same_key_writes_one_message(school) -> None:
    request = app_request("school", school)
    client = client_of(make.person("approver", school))

    for _ in range(2):
        client.post(f"{ROOT}{request.pk}/messages/", {"text": "Varför?"}, format="json", HTTP_IDEMPOTENCY_KEY="a")

    assert [message["text"] for message in client.get(f"{ROOT}{request.pk}/messages/").data] == ["Varför?"]


def test_another_schools_names_are_no_choices(school) -> None:
    other = make.school()
    body = wish(other, make.application(), class_group=make.class_group(other).pk)

    answer = client_of(make.person("teacher", school)).post(ROOT, body, format="json")

    assert answer.status_code == 400
    assert set(answer.data) == {"school", "class_group"}


def test_requester_may_not_approve(school) -> None:
    approver = make.person("approver", school)
    request = app_request("school", school, requested_by=approver)

    answer = client_of(approver).post(f"{ROOT}{request.pk}/approve/")

    assert answer.status_code == 400
    assert AppRequest.objects.get().status == "school"


def test_wrong_state_is_a_conflict(school) -> None:
    request = app_request("done", school)

    answer = client_of(make.person("approver", school)).post(f"{ROOT}{request.pk}/approve/")

    assert (answer.status_code, answer.data["status"]) == (409, "done")


def test_requests_are_filtered_and_kept_to_ones_school(school) -> None:
    mine = app_request("school", school)
    app_request("refused", school)
    app_request("school")

    answer = client_of(make.person("school_it", school)).get(ROOT, {"status": "school"})

    assert [row["id"] for row in answer.data["results"]] == [mine.pk]


def test_a_page_costs_at_most_five_queries(school, django_assert_max_num_queries) -> None:
    for _ in range(5):
        app_request("review", school)
    client = client_of(make.person("it_admin"))

    with django_assert_max_num_queries(5):
        assert len(client.get(ROOT).data["results"]) == 5
