from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from deployments.models import AppRequest, BaselineEntry, Decision, LicencePool
from deployments.models.moves import InvalidMove
from deployments.requests.progress import Installing, installing
from deployments.requests.scope import pilot_computers
from deployments.services import changes, requests
from deployments.services.requests import NotYourTurn, OwnRequest, Wish
from schools.models import AuditEvent, Notification
from tests import factories as make
from tests.deployments.request_factories import app_request, carried_out, staff, vetted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def school():
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    return make.school("Rönnskolan")


def computers(school, number=4):
    return [make.device(school) for _ in range(number)]


def wish(school, teacher, **columns):
    due = timezone.localdate() + timedelta(days=30)
    return Wish(
        **{"school": school, "purpose": "Geometri", "needed_by": due, "responsible_teacher": teacher, **columns}
    )


def sent(school, application, by):
    return requests.submit(requests.draft(wish(school, by, application=application), by), by)


def told(user):
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def acts(request):
    return list(
        AuditEvent.objects.filter(object_type="deployments.apprequest", object_id=request.pk)
        .order_by("pk")
        .values_list("act", flat=True)
    )


def test_vetted_app_goes_from_the_schools_yes_to_two_computers(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])

    requests.approve(request, people["approver"])

    request.refresh_from_db()
    assert (request.status, request.pilot_devices.count()) == ("planned", 2)
    decision = Decision.objects.get()
    assert (decision.kind, decision.decided_by, decision.school) == ("request", people["approver"], school)
    assert request.change_set.decision == decision
    entries = BaselineEntry.objects.filter(revision=request.change_set.revision, decision=decision)
    assert {entry.profile.device for entry in entries} == set(request.pilot_devices.all())
    assert told(people["teacher"]) == ["request.granted"]
    assert told(people["approver"]) == ["request.submitted"]


def test_app_without_vetting_goes_to_it_with_what_is_missing(school) -> None:
    people, it = staff(school), make.person("it_admin")
    request = sent(school, make.app_version().application, people["teacher"])

    requests.approve(request, people["approver"])

    request.refresh_from_db()
    assert request.status == "review"
    assert "vetting card" in request.steps.last().reason
    assert told(it) == ["request.review"]
    with pytest.raises(ValidationError, match="vetting card"):
        requests.approve(request, it)


def test_it_reviews_once_the_card_is_there(school) -> None:
    people, it, app = staff(school), make.person("it_admin"), make.app_version().application
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    vetted(app)

    requests.approve(request, it)

    request.refresh_from_db()
    assert (request.status, request.approved_by) == ("planned", people["approver"])


def test_too_few_licences_stop_at_it(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    LicencePool.objects.create(application=app, seats=3)
    request = sent(school, app, people["teacher"])

    requests.approve(request, people["approver"])

    assert AppRequest.objects.get().status == "review"
    assert "licence" in request.steps.last().reason


def test_nobody_approves_their_own_request(school) -> None:
    approver = make.person("approver", school)
    request = sent(school, vetted(), approver)

    with pytest.raises(OwnRequest):
        requests.approve(request, approver)
    with pytest.raises(IntegrityError), transaction.atomic():
        AppRequest.objects.filter(pk=request.pk).update(approved_by=approver)


def test_it_waits_for_the_school_until_it_is_late(school) -> None:
    people, it, app = staff(school), make.person("it_admin"), vetted()
    request = sent(school, app, people["teacher"])

    with pytest.raises(NotYourTurn):
        requests.approve(request, it)
    requests.approve(request, it, now=request.due_at + timedelta(minutes=1))

    assert AppRequest.objects.get().approved_by == it


def test_school_decides_once(school) -> None:
    people = staff(school)
    request = sent(school, make.app_version().application, people["teacher"])
    requests.refuse(request, people["approver"], "Redan ett likvärdigt program.")

    with pytest.raises(InvalidMove):
        requests.approve(request, people["approver"])


def test_refusal_needs_its_reason_and_is_told_once(school) -> None:
    people = staff(school)
    request = sent(school, vetted(), people["teacher"])

    with pytest.raises(ValidationError, match="why"):
        requests.refuse(request, people["approver"], "  ")
    requests.refuse(request, people["approver"], "Redan ett likvärdigt program.")

    assert told(people["teacher"]) == ["request.refused"]
    assert acts(request) == ["request.drafted", "request.submitted", "request.refused"]


def test_other_schools_approver_may_not(school) -> None:
    request = sent(school, vetted(), staff(school)["teacher"])

    with pytest.raises(PermissionDenied):
        requests.approve(request, make.person("approver", make.school()))


def test_same_school_asks_once(school) -> None:
    people, app = staff(school), vetted()
    sent(school, app, people["teacher"])

    with pytest.raises(ValidationError, match="already"):
        sent(school, app, people["school_it"])


def test_rest_follow_when_the_teacher_says_it_works(school) -> None:
    people, app = staff(school), vetted()
    devices = computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    carried_out(request, request.pilot_devices.all())
    requests.advance(timezone.now())
    request.refresh_from_db()
    assert request.status == "pilot"
    assert told(people["teacher"]) == ["request.granted", "request.pilot"]

    requests.pilot_works(request, people["teacher"])

    request.refresh_from_db()
    assert request.status == "installing"
    entry = BaselineEntry.objects.get(revision=request.change_set.revision, profile__school=school)
    assert (entry.application, entry.intent) == (app, "required")
    carried_out(request, [device for device in devices if device not in request.pilot_devices.all()])
    requests.advance(timezone.now())
    request.refresh_from_db()
    assert request.status == "done"
    assert told(people["teacher"]) == ["request.granted", "request.pilot", "request.done"]
    assert [step.status for step in request.steps.all()] == [
        "draft",
        "school",
        "planned",
        "pilot",
        "installing",
        "done",
    ]


def test_trying_is_skipped_only_with_a_reason(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])

    with pytest.raises(ValidationError, match="why"):
        requests.skip_pilot(request, people["teacher"], "")
    requests.skip_pilot(request, people["teacher"], "Vi använde det förra året.")

    request.refresh_from_db()
    assert (request.status, request.reason) == ("installing", "Vi använde det förra året.")
    stopped, goes_on = request.decisions.get().change_sets.order_by("pk")
    assert (stopped.status, goes_on.pk) == ("cancelled", request.change_set_id)
    assert [entry.profile.owner for entry in goes_on.revision.entries.filter(application=app)] == [school]


def test_two_first_computers_are_of_different_models(school) -> None:
    request = app_request("school", school, application=vetted())
    other = make.hardware_model("TravelMate B3")
    for days in range(5):
        make.device(school, last_check_in_at=timezone.now() - timedelta(days=days))
    make.device(school, hardware_model=other, last_check_in_at=timezone.now() - timedelta(days=9))

    assert {device.hardware_model.name for device in pilot_computers(request)} == {"Latitude 3120", "TravelMate B3"}


def test_two_that_have_it_already_are_tried_at_once(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    carried_out(request, [])

    requests.advance(timezone.now())

    assert AppRequest.objects.get().status == "pilot"


def test_withdrawing_stops_the_change(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    request.refresh_from_db()

    requests.withdraw(request, people["teacher"], "Vi hinner inte i år.")

    request.change_set.refresh_from_db()
    assert (AppRequest.objects.get().status, request.change_set.status) == ("withdrawn", "cancelled")
    assert request.change_set.revision.__class__.objects.get(pk=request.change_set.revision_id).status == "discarded"


def test_withdrawing_takes_the_app_from_the_two(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    request.refresh_from_db()
    carried_out(request, request.pilot_devices.all())

    requests.withdraw(request, people["teacher"], "Vi hinner inte i år.")

    latest = request.decisions.get().change_sets.order_by("-pk").first()
    assert latest.pk != request.change_set_id
    assert not latest.revision.entries.filter(application=app).exists()


def test_a_stopped_change_refuses_its_request(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    request.refresh_from_db()
    changes.cancel(request.change_set, make.person("it_admin"), "Fel version.")

    requests.advance(timezone.now())

    assert AppRequest.objects.get().status == "refused"


def test_late_requests_are_reminded_of_once_and_then_handed_to_it(school) -> None:
    people, it = staff(school), make.person("it_admin")
    request = sent(school, vetted(), people["teacher"])
    the_day_before = request.due_at - timedelta(hours=1)

    moved = [requests.advance(the_day_before), requests.advance(the_day_before)]
    late = [
        requests.advance(request.due_at + timedelta(minutes=1)),
        requests.advance(request.due_at + timedelta(hours=1)),
    ]

    assert (moved, late) == ([1, 0], [1, 0])
    assert told(people["approver"]) == ["request.submitted", "request.due_soon"]
    assert told(it) == ["request.late"]
    assert acts(request)[-2:] == ["request.reminded", "request.escalated"]


def test_questions_reach_the_other_side(school) -> None:
    people = staff(school)
    request = sent(school, vetted(), people["teacher"])

    requests.say(request, people["approver"], "För vilka klasser?")
    requests.say(request, people["teacher"], "Alla i årskurs ett.")

    assert told(people["teacher"]) == ["request.message"]
    assert told(people["approver"]) == ["request.submitted", "request.message"]
    assert [message.text for message in request.thread.all()] == ["För vilka klasser?", "Alla i årskurs ett."]


def test_committee_sends_back_or_grants(school) -> None:
    it, member, app = make.person("it_admin"), make.person("committee"), vetted()
    computers(school)
    request = app_request("review", school, application=app)
    requests.to_committee(request, it, "Gäller alla gymnasieskolor.")

    requests.committee_answer(request, "returned", member, "Vad kostar det?")
    assert AppRequest.objects.get().status == "review"
    requests.to_committee(request, it, "Kostnaden är nu känd.")
    requests.committee_answer(request, "tabled", member)
    assert AppRequest.objects.get().status == "committee"
    requests.committee_answer(request, "granted", member)

    assert AppRequest.objects.get().status == "planned"


def test_merged_request_of_another_school_comes_along(school) -> None:
    it, app, other = make.person("it_admin"), vetted(), make.school()
    make.device(school), make.device(other)
    main, same = app_request("review", school, application=app), app_request("review", other, application=app)

    requests.merge(same, main, it)
    requests.approve(main, it)

    same.refresh_from_db()
    assert (same.status, same.merged_into) == ("merged", main)
    profiles = BaselineEntry.objects.filter(application=app).values_list("profile__school__name", flat=True)
    assert set(profiles) == {school.name, other.name}
    assert main.supporters.get().school == other


def test_merged_request_is_followed_to_the_end_with_its_main_one(school) -> None:
    it, app, other = make.person("it_admin"), vetted(), make.school()
    here, there = make.device(school), make.device(other)
    main, same = app_request("review", school, application=app), app_request("review", other, application=app)
    requests.merge(same, main, it)
    requests.approve(main, it)
    carried_out(main, [here])
    requests.advance(timezone.now())
    main.refresh_from_db()
    assert main.status == "installing"

    same.refresh_from_db()
    carried_out(same, [there])
    assert installing(main) == Installing(total=2, done=2)
    requests.advance(timezone.now())

    assert AppRequest.objects.get(pk=main.pk).status == "done"
    assert told(same.requested_by) == ["request.merged", "request.done"]


def test_withdrawing_the_main_request_lets_the_merged_one_go_on(school) -> None:
    it, app, other = make.person("it_admin"), vetted(), make.school()
    main, same = app_request("review", school, application=app), app_request("review", other, application=app)
    requests.merge(same, main, it)

    requests.withdraw(main, main.requested_by, "Vi hinner inte i år.")

    same.refresh_from_db()
    assert (same.status, same.merged_into, acts(same)[-1]) == ("review", None, "request.parted")


def test_first_computers_give_their_own_entries_up_when_all_get_it(school) -> None:
    people, app = staff(school), vetted()
    computers(school)
    request = sent(school, app, people["teacher"])
    requests.approve(request, people["approver"])
    carried_out(request, request.pilot_devices.all())
    requests.advance(timezone.now())

    requests.pilot_works(AppRequest.objects.get(), people["teacher"])

    revision = AppRequest.objects.get().change_set.revision
    assert [entry.profile.owner for entry in revision.entries.filter(application=app)] == [school]


def test_undecided_request_of_another_school_is_not_merged(school) -> None:
    app = vetted()
    main, same = app_request("school", school, application=app), app_request("school", application=app)

    with pytest.raises(ValidationError, match="own approver"):
        requests.merge(same, main, make.person("it_admin"))


def test_me_too_counts_a_school_once(school) -> None:
    app, people = vetted(), staff(make.school())
    request = app_request("school", school, application=app)
    theirs = people["teacher"].role_assignments.get().school

    for name in ("teacher", "school_it"):
        requests.support(app, theirs, people[name])

    assert request.supporters.count() == 1


def test_deputy_decides_while_the_approver_is_away(school) -> None:
    people = staff(school)
    requests.hand_over(school, people["school_it"], timezone.localdate() + timedelta(days=7), people["approver"])
    request = sent(school, make.app_version().application, people["teacher"])

    requests.approve(request, make_fresh(people["school_it"]))

    assert AppRequest.objects.get().approved_by == people["school_it"]
    assert told(people["school_it"]) == ["request.deputy", "request.submitted"]


def make_fresh(user):
    return user.__class__.objects.get(pk=user.pk)


def test_deputy_does_not_hand_on(school) -> None:
    people, until = staff(school), timezone.localdate() + timedelta(days=7)
    requests.hand_over(school, people["school_it"], until, people["approver"])

    with pytest.raises(PermissionDenied):
        requests.hand_over(school, people["teacher"], until, make_fresh(people["school_it"]))
