"""What IT and the committee do with a request by script: name, merge, raise; and deciding by delegation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Decision, Delegation, Proposal, RequestSupport
from schools.models import AuditEvent
from tests import factories as make
from tests.committee.table import committee, proposal
from tests.committee.table import vetted as vetted_application
from tests.deployments.request_factories import app_request, vetted
from tests.deployments.test_request_api import ROOT, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    return make.school()


def test_it_says_which_application_was_meant(school) -> None:
    request, application = app_request("review", school, application=None, wanted="Geogebran"), vetted()

    body = {"application": application.pk}
    answer = client_of(make.person("it_admin")).post(f"{ROOT}{request.pk}/application/", body, format="json")

    assert (answer.status_code, answer.data["application"]) == (200, application.pk)
    assert AuditEvent.objects.get(act="request.named").before == {"application": "Geogebran"}


def test_merging_twice_with_one_key_merges_once(school) -> None:
    application = vetted()
    main = app_request("review", application=application)
    request = app_request("review", school, application=application)
    client, body = client_of(make.person("it_admin")), {"into": main.pk}

    answers = [
        client.post(f"{ROOT}{request.pk}/merge/", body, format="json", HTTP_IDEMPOTENCY_KEY="ihop-1") for _ in range(2)
    ]

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "merged")] * 2
    assert RequestSupport.objects.get().school == school


def test_merging_again_without_a_key_is_a_conflict(school) -> None:
    application = vetted()
    main = app_request("review", application=application)
    request = app_request("review", school, application=application)
    client = client_of(make.person("it_admin"))

    codes = [client.post(f"{ROOT}{request.pk}/merge/", {"into": main.pk}, format="json").status_code for _ in "ab"]

    assert codes == [200, 409]


def test_request_is_raised_to_a_proposal_for_all(school) -> None:
    of, request = committee(), app_request("committee", school, application=vetted())
    today = timezone.localdate()
    of.baseline.semester.__class__.objects.update(proposals_open_on=today, freeze_on=today + timedelta(days=9))

    answer = client_of(of.chair).post(f"{ROOT}{request.pk}/raise/", {}, format="json")

    made = Proposal.objects.get()
    assert (answer.status_code, answer.data["id"], made.raised_from) == (201, made.pk, request)
    assert made.reason == request.purpose


def test_a_delegate_decides_once_by_script() -> None:
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    of = committee()
    waiting, today = proposal(of, vetted_application()), timezone.localdate()
    held = Delegation.objects.create(user=of.members[2], text="Säkerhet", starts_on=today, ends_on=today)
    client, body = client_of(of.members[2]), {"proposal": waiting.pk, "reason": "Kursen börjar i morgon."}

    path = f"/api/v1/delegations/{held.pk}/decide/"
    answers = [client.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY="delegation-1") for _ in range(2)]

    decision = Decision.objects.get()
    assert [answer.json()["id"] for answer in answers] == [decision.pk] * 2
    assert (answers[0].status_code, decision.kind, decision.change_sets.count()) == (201, "delegated", 1)


def test_somebody_elses_delegation_decides_nothing() -> None:
    of = committee()
    today = timezone.localdate()
    held = Delegation.objects.create(user=of.members[2], text="Säkerhet", starts_on=today, ends_on=today)

    body = {"proposal": proposal(of).pk, "reason": "Nu."}
    answer = client_of(of.members[0]).post(f"/api/v1/delegations/{held.pk}/decide/", body, format="json")

    assert answer.status_code == 403
    assert not Decision.objects.exists()
