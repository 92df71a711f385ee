from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from deployments.models import AssignmentChange, BaselineRevision, ChangeSet, ChangeTarget
from deployments.models.moves import InvalidMove
from deployments.services import changes
from schools.models import AuditEvent
from tests import factories as make
from tests.deployments.request_factories import vetted
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HASH = "a" * 64


def planned(device=None, **columns) -> ChangeSet:
    change_set = make.change_set("draft", **columns)
    effects = {device.pk: "install"} if device else {}
    part = changes.PlannedChange(make.app_version(), [], [{"kind": "municipality", "key": 1}], effects)
    return changes.record_plan(change_set, {"calls": []}, HASH, [part], by=change_set.requested_by, now=NOW)


def test_proposal_freezes_the_draft_and_opens_a_change() -> None:
    draft, by = make.revision(), make.person("it_admin")
    make.entry(draft, make.municipality(), make.application())

    change_set = changes.propose(draft, by=by, reason="Matematiken behöver det")

    assert (draft.status, change_set.status, change_set.requested_by) == ("proposed", "draft", by)
    assert AuditEvent.objects.get().reason == "Matematiken behöver det"


def test_revision_is_proposed_once() -> None:
    draft, by = make.revision(), make.person("it_admin")
    changes.propose(draft, by=by)

    with pytest.raises(InvalidMove):
        changes.propose(draft, by=by)


def test_draft_that_changes_nothing_is_not_proposed() -> None:
    active = make.revision("active")

    with pytest.raises(changes.NothingToDo):
        changes.propose(make.revision(based_on=active), by=make.person("it_admin"))


def test_draft_that_would_undo_a_newer_revision_is_not_proposed() -> None:
    draft = make.revision(based_on=make.revision("superseded"))
    make.revision("active")

    with pytest.raises(changes.OutdatedDraft):
        changes.propose(draft, by=make.person("it_admin"))


def test_application_that_is_new_and_not_vetted_is_not_proposed() -> None:
    active, krita = make.revision("active"), make.application("Krita")
    draft = make.revision(based_on=active)
    make.entry(draft, make.municipality(), krita)

    with pytest.raises(changes.NotVetted, match="Krita"):
        changes.propose(draft, by=make.person("it_admin"))
    vetted(krita)

    assert changes.propose(draft, by=make.person("it_admin")).status == "draft"


def test_what_the_computers_have_already_is_not_asked_about_again() -> None:
    active, word = make.revision("active"), make.application("Word")
    make.entry(active, make.municipality(), word)
    draft = make.revision(based_on=active)
    make.entry(draft, make.school(), word)

    assert changes.propose(draft, by=make.person("it_admin")).status == "draft"


def test_plan_is_kept_with_its_computers() -> None:
    device = make.device()

    change_set = planned(device)

    assert (change_set.status, change_set.plan_hash, change_set.planned_at) == ("planned", HASH, NOW)
    assert ChangeTarget.objects.get().device == device


def test_new_plan_takes_the_place_of_the_former_and_ends_its_approval() -> None:
    change_set = planned(make.device())
    approved = changes.approve(change_set, HASH, by=make.person("it_admin"), now=NOW)

    again = changes.record_plan(approved, {"calls": [1]}, "b" * 64, [], by=None, now=NOW)

    assert (again.status, again.approved_by, again.approved_hash) == ("planned", None, "")
    assert not AssignmentChange.objects.exists()


def test_same_plan_again_keeps_the_approval() -> None:
    approved = changes.approve(planned(make.device()), HASH, by=make.person("it_admin"), now=NOW)

    again = changes.record_plan(approved, {"calls": []}, HASH, [], by=None, now=NOW + timedelta(hours=1))

    assert (again.status, again.planned_at) == ("approved", NOW)
    assert ChangeTarget.objects.count() == 1


def test_approval_by_another_decides_the_revision() -> None:
    approver = make.person("it_admin")

    change_set = changes.approve(planned(), HASH, by=approver, now=NOW)

    assert (change_set.status, change_set.approved_by, change_set.approved_hash) == ("approved", approver, HASH)
    assert (change_set.revision.status, change_set.revision.decided_by) == ("decided", approver)


def test_requester_may_not_approve() -> None:
    change_set = planned()

    with pytest.raises(changes.OwnRequest):
        changes.approve(change_set, HASH, by=change_set.requested_by, now=NOW)


def test_approval_of_another_plan_is_refused() -> None:
    with pytest.raises(changes.StaleApproval):
        changes.approve(planned(), "b" * 64, by=make.person("it_admin"), now=NOW)


@pytest.mark.parametrize("role", ["auditor", "committee", ""])
def test_only_it_administrators_of_the_municipality_approve(role: str) -> None:
    with pytest.raises(PermissionDenied):
        changes.approve(planned(), HASH, by=make.person(role), now=NOW)


def test_it_administrator_of_one_school_does_not_approve() -> None:
    with pytest.raises(PermissionDenied):
        changes.approve(planned(), HASH, by=make.person("it_admin", make.school()), now=NOW)


def test_rejected_change_leaves_a_draft_to_put_right() -> None:
    change_set = changes.reject(planned(), "Licensen räcker inte", by=make.person("it_admin"))

    assert (change_set.status, change_set.revision.status) == ("rejected", "draft")
    make.entry(change_set.revision, make.municipality(), make.application())
    assert changes.propose(change_set.revision, by=make.person("it_admin")).status == "draft"


def test_rejection_needs_a_reason() -> None:
    with pytest.raises(ValidationError):
        changes.reject(planned(), "  ", by=make.person("it_admin"))


def test_cancelled_approval_reopens_the_draft() -> None:
    approved = changes.approve(planned(), HASH, by=make.person("it_admin"), now=NOW)

    cancelled = changes.cancel(approved, by=approved.requested_by)

    assert (cancelled.status, cancelled.revision.status, cancelled.revision.decided_by) == ("cancelled", "draft", None)


def test_change_under_way_is_not_cancelled() -> None:
    applying = make.change_set("applying")

    with pytest.raises(InvalidMove) as refused:
        changes.cancel(applying, by=applying.requested_by)

    assert refused.value.status == "applying"


def test_start_makes_the_revision_active_and_the_former_superseded() -> None:
    former = make.revision("active")
    revision = make.revision("decided", based_on=former)

    changes.start(make.change_set("approved", revision=revision), by=None, now=NOW)

    active = BaselineRevision.objects.get(status="active")
    former.refresh_from_db()
    assert (active.pk, active.activated_at) == (revision.pk, NOW)
    assert (former.status, former.superseded_at) == ("superseded", NOW)


@pytest.mark.parametrize("status", ["applying", "failed"])
def test_an_app_has_one_change_at_a_time_until_that_is_written(status: str) -> None:
    other = make.assignment_change(make.change_set(status, revision=make.revision("active")))
    waiting = make.change_set("approved", revision=make.revision("decided", based_on=BaselineRevision.objects.get()))
    make.assignment_change(waiting, other.app_version)

    with pytest.raises(changes.AnotherUnderWay):
        changes.start(waiting, by=None, now=NOW)
    assert BaselineRevision.objects.active().get() != waiting.revision

    changes.mark_written(other, NOW)
    assert changes.start(waiting, by=None, now=NOW).status == "applying"


@pytest.mark.parametrize("status", ["applying", "failed"])
def test_changes_of_other_apps_are_written_beside_each_other(status: str) -> None:
    make.assignment_change(make.change_set(status, revision=make.revision("active")))
    waiting = make.change_set("approved", revision=make.revision("decided", based_on=BaselineRevision.objects.get()))
    make.assignment_change(waiting)

    changes.start(waiting, by=None, now=NOW)

    assert BaselineRevision.objects.active().get() == waiting.revision


def test_finish_tells_written_from_not_written() -> None:
    change_set = make.change_set("applying")
    first, second = make.assignment_change(change_set), make.assignment_change(change_set)
    changes.mark_written(first, NOW)

    assert changes.finish(change_set, NOW).status == "failed"
    changes.resume(change_set, by=change_set.requested_by)
    changes.mark_written(second, NOW)

    assert changes.finish(change_set, NOW).status == "applied"


def test_first_time_of_writing_is_kept() -> None:
    change = make.assignment_change(make.change_set("applying"))

    changes.mark_written(change, NOW)
    changes.mark_written(change, NOW + timedelta(hours=1))

    assert change.written_at == NOW


def test_abandoned_change_makes_room_for_another() -> None:
    failed = make.change_set("failed")

    changes.abandon(failed, by=failed.requested_by, reason="Programmet finns inte längre")

    assert ChangeSet.objects.get().status == "abandoned"


def test_every_step_leaves_one_event() -> None:
    former = make.revision("active")
    draft = make.revision(based_on=former)
    make.entry(draft, make.municipality(), vetted())
    change_set = changes.propose(draft, by=make.person("it_admin"))
    changes.record_plan(change_set, {"calls": []}, HASH, [], by=None, now=NOW)
    changes.approve(change_set, HASH, by=make.person("it_admin"), now=NOW)
    changes.start(change_set, by=None, now=NOW)
    changes.finish(change_set, NOW)

    acts = AuditEvent.objects.about("deployments.changeset", change_set.pk).order_by("id").values_list("act", flat=True)
    assert [act.split(".")[1] for act in acts] == ["proposed", "planned", "approved", "started", "finished"]
