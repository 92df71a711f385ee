import pytest
from django.core.exceptions import ValidationError

from deployments.models import BaselineRevision
from deployments.models.moves import InvalidMove
from deployments.services import changes, drafts
from deployments.services.amendments import EntrySpec, amend, renew
from deployments.services.publishing import decide_revision, publish
from schools.models import AuditEvent
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HASH = "a" * 64


def spec(owner, application=None, **columns) -> EntrySpec:
    return EntrySpec(make.profile(owner), application or make.app_version().application, **columns)


def planned(change_set, version, devices=(), plan_hash=HASH):
    part = changes.PlannedChange(version, [], [], {device.pk: "install" for device in devices})
    return changes.record_plan(change_set, {"calls": []}, plan_hash, [part], by=None, now=NOW)


def activate(revision) -> None:
    BaselineRevision.objects.filter(status="active").update(status="superseded", superseded_at=NOW)
    BaselineRevision.objects.filter(pk=revision.pk).update(status="active", activated_at=NOW)


def test_amendment_stands_on_the_active_revision_and_carries_its_decision() -> None:
    active, school = make.revision("active"), make.school()
    kept = make.entry(active, make.municipality(), make.app_version().application)
    decision, wanted = make.decision(school=school), spec(school)

    change_set = amend([wanted], decision, requested_by=make.user())

    entries = change_set.revision.entries.values_list("application", "decision")
    assert set(entries) == {(kept.application_id, None), (wanted.application.pk, decision.pk)}
    assert (change_set.decision, change_set.revision.status) == (decision, "proposed")


def test_nothing_can_be_amended_before_a_baseline_is_in_force() -> None:
    with pytest.raises(ValidationError):
        amend([spec(make.school())], make.decision(), requested_by=make.user())


def test_what_holds_already_makes_no_change() -> None:
    version, active, school = make.app_version(), make.revision("active"), make.school()
    make.entry(active, school, version.application)

    with pytest.raises(changes.NothingToDo):
        amend([spec(school, version.application)], make.decision(), requested_by=make.user())


def test_removal_stays_as_an_entry_where_the_container_gave_the_app() -> None:
    active, school, app = make.revision("active"), make.school(), make.app_version().application
    make.entry(active, school, app)

    change_set = amend([spec(school, app, action="remove")], make.decision(), requested_by=make.user())

    entry = change_set.revision.entries.get()
    assert (entry.action, entry.intent, entry.decision_id) == ("remove", "", change_set.decision_id)


def test_decided_removal_of_what_is_gone_meanwhile_stops_no_meeting() -> None:
    make.revision("active")
    wanted = spec(make.municipality(), action="remove")

    revision = decide_revision(make.baseline("HT"), [(wanted, make.decision())], make.person("it_admin"))

    assert revision.entries.get().action == "remove"


def test_later_draft_keeps_decisions_of_entries_it_does_not_change() -> None:
    active, decision = make.revision("active"), make.decision()
    entry = make.entry(active, make.school(), make.app_version().application, decision=decision)
    admin = make.person("it_admin")

    draft = drafts.start_draft(active.baseline, by=admin)
    assert draft.entries.get().decision == decision

    drafts.put_entry(draft, entry.profile, entry.application, intent="available", by=admin)
    assert draft.entries.get().decision is None


def test_second_amendment_is_renewed_onto_the_first() -> None:
    make.revision("active")
    one, two = spec(make.school()), spec(make.school())
    first = amend([one], make.decision(), requested_by=make.user())
    second = amend([two], make.decision(), requested_by=make.user())
    planned(second, two.application.versions.get())
    activate(first.revision)

    renewed = renew(second, by=second.requested_by)

    assert (renewed.pk, renewed.status, renewed.plan_hash) == (second.pk, "draft", "")
    assert renewed.revision.status == "proposed"
    assert set(renewed.revision.entries.values_list("application", flat=True)) == {
        one.application.pk,
        two.application.pk,
    }
    assert not renewed.changes.exists()


def test_change_being_written_is_not_renewed() -> None:
    with pytest.raises(InvalidMove):
        renew(make.change_set("applying"), by=make.person("it_admin"))


def covered(school, decision=None):
    """A change planned for a school's decision, with the version it is about."""
    make.revision("active")
    wanted = spec(school)
    decision = decision or make.decision(school=school)
    change_set = amend([wanted], decision, requested_by=make.user())
    return change_set, wanted.application.versions.get(), decision


def test_decision_approves_what_it_covers() -> None:
    school = make.school()
    change_set, version, decision = covered(school)
    planned(change_set, version, [make.device(school)])

    approved = changes.approve_by_decision(change_set, HASH, NOW)

    assert (approved.status, approved.approved_by) == ("approved", decision.decided_by)
    assert approved.revision.status == "decided"
    assert AuditEvent.objects.get(act="changeset.approved").actor == decision.decided_by


def test_decision_of_a_school_reaches_no_other_school() -> None:
    school = make.school()
    change_set, version, _decision = covered(school)
    planned(change_set, version, [make.device(school), make.device(make.school()), make.device()])

    with pytest.raises(changes.NotCovered, match="2 datorer utanför"):
        changes.approve_by_decision(change_set, HASH, NOW)


def test_decision_covers_no_other_app() -> None:
    school = make.school()
    change_set, _version, _decision = covered(school)
    planned(change_set, make.app_version(), [make.device(school)])

    with pytest.raises(changes.NotCovered):
        changes.approve_by_decision(change_set, HASH, NOW)


def test_requester_does_not_approve_by_deciding() -> None:
    school = make.school()
    change_set, version, decision = covered(school)
    type(change_set).objects.filter(pk=change_set.pk).update(requested_by=decision.decided_by)
    planned(change_set, version, [make.device(school)])

    with pytest.raises(changes.OwnRequest):
        changes.approve_by_decision(change_set, HASH, NOW)


def test_other_plan_than_was_checked_is_not_approved() -> None:
    school = make.school()
    change_set, version, _decision = covered(school)
    planned(change_set, version, [make.device(school)])

    with pytest.raises(changes.StaleApproval):
        changes.approve_by_decision(change_set, "b" * 64, NOW)


def test_change_without_a_decision_waits_for_it() -> None:
    with pytest.raises(changes.NotCovered):
        changes.approve_by_decision(make.change_set("planned"), HASH, NOW)


def test_committee_decides_a_revision_and_publishing_makes_its_change() -> None:
    make.revision("active")
    wanted, decision, by = spec(make.municipality()), make.decision(), make.person("it_admin")

    revision = decide_revision(make.baseline("HT"), [(wanted, decision)], by, "HT")
    change_set = publish(revision, by)

    assert (revision.status, revision.decided_by) == ("decided", by)
    assert revision.entries.get().decision == decision
    assert (change_set.revision, change_set.status) == (revision, "draft")
    with pytest.raises(InvalidMove):
        publish(revision, by)


def test_decided_revision_stays_decided_when_its_change_is_cancelled() -> None:
    by = make.person("it_admin")
    revision = decide_revision(make.baseline("HT"), [(spec(make.municipality()), make.decision())], by)

    changes.cancel(publish(revision, by), by)

    revision.refresh_from_db()
    assert revision.status == "decided"
    assert publish(revision, by).status == "draft"


def test_publishing_takes_in_what_was_decided_in_between() -> None:
    make.revision("active")
    by, between = make.person("it_admin"), spec(make.school())
    revision = decide_revision(make.baseline("HT"), [(spec(make.municipality()), make.decision())], by)
    activate(amend([between], make.decision(), requested_by=make.user()).revision)

    publish(revision, by)

    revision.refresh_from_db()
    assert (revision.status, revision.decided_by) == ("decided", by)
    assert revision.entries.filter(application=between.application).exists()
