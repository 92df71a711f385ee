from datetime import timedelta

import pytest

from deployments.models import BaselineRevision, ChangeSet, ChangeTarget
from deployments.models.moves import InvalidMove
from deployments.services import changes, drafts
from deployments.services.profiles import profile_of
from fleet.models import Device
from intune_sync import services
from intune_sync.graph import GraphUnavailable
from intune_sync.models import Operation
from intune_sync.payloads import assignment_for
from schools.models import Municipality, School
from tests import factories
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Town, active_revision, devices_at

LATER = NOW + timedelta(hours=1)


def gymnasium_devices(town: Town) -> set[int]:
    return devices_at(*(school for tag, school in town.schools.items() if tag.startswith("GY-")))


def test_a_plan_names_the_call_the_computers_and_the_targets(town: Town):
    [foreign] = town.tenant.assignments(GEOGEBRA)

    change_set = town.plan(town.propose(GEOGEBRA))

    [call], [change] = change_set.plan["calls"], change_set.changes.all()
    assert call["url"].endswith(f"/mobileApps/{town.tenant.app_id(GEOGEBRA)}/assign")
    assert foreign in call["body"]["mobileAppAssignments"]
    assert set(change.targets.values_list("device", "effect")) == {(pk, "install") for pk in gymnasium_devices(town)}
    assert [(row["kind"], row["intent"], row["exclude"]) for row in change.targets_after] == [
        ("school_form", "required", False)
    ]
    assert change.targets_before == []


def test_planning_writes_nothing_to_intune(town: Town):
    town.plan(town.propose(GEOGEBRA))

    assert town.tenant.writes() == []
    assert not Operation.objects.exists()


def test_planning_again_when_nothing_changed_keeps_the_approval(town: Town):
    change_set = town.approved(GEOGEBRA)

    again = services.freeze_plan(change_set, town.requester, LATER)

    assert (again.status, again.plan_hash) == ("approved", change_set.plan_hash)


def test_when_intune_cannot_be_read_nothing_is_kept(town: Town):
    change_set = town.propose(GEOGEBRA)
    town.tenant.fault("status", method="POST", path="$batch", status=503, count=-1)

    with pytest.raises(GraphUnavailable):
        town.plan(change_set)

    change_set.refresh_from_db()
    assert (change_set.status, change_set.plan, change_set.plan_hash) == ("draft", {}, "")
    assert not ChangeTarget.objects.exists()


def test_a_conflict_leaves_that_app_out_and_names_the_reason(town: Town):
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.gymnasium.entra_group_id, "uninstall"))

    change_set = town.plan(town.propose(GEOGEBRA, "GIMP"))

    assert [change.app_version.application.name for change in change_set.changes.all()] == ["GIMP"]
    assert [(notice["code"], notice["blocking"]) for notice in change_set.plan["warnings"]] == [("other_intent", True)]


def test_a_municipality_without_a_group_never_becomes_all_devices(town: Town):
    Municipality.objects.update(entra_group_id=None)
    School.objects.update(entra_group_id=None)
    factories.school_form("gymnasieskola").__class__.objects.update(entra_group_id=None)

    change_set = town.plan(town.propose(GEOGEBRA, owner=Municipality.objects.get()))

    bodies = [raw for call in change_set.plan["calls"] for raw in call["body"]["mobileAppAssignments"]]
    assert not any("allDevices" in raw["target"]["@odata.type"] for raw in bodies)
    assert GEOGEBRA not in [change["name"] for change in change_set.plan["changes"]]
    assert "no_group" in [notice["code"] for notice in change_set.plan["warnings"]]


def test_applying_makes_one_operation_per_app_and_the_revision_active(town: Town):
    former = active_revision()

    change_set = town.started(GEOGEBRA, "GIMP")

    assert set(Operation.objects.values_list("status", "change__app_version__application__name")) == {
        ("ready", GEOGEBRA),
        ("ready", "GIMP"),
    }
    assert active_revision() == change_set.revision
    assert BaselineRevision.objects.get(pk=former.pk).status == "superseded"


def test_applying_twice_makes_one_set_of_operations(town: Town):
    change_set = town.approved(GEOGEBRA)
    same = ChangeSet.objects.get(pk=change_set.pk)
    services.apply_change_set(change_set, town.requester, NOW)

    with pytest.raises(InvalidMove) as refused:
        services.apply_change_set(same, town.requester, NOW)

    assert refused.value.status == "applying"
    assert Operation.objects.count() == 1


def test_what_is_not_approved_cannot_be_applied(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))

    with pytest.raises(InvalidMove):
        services.apply_change_set(change_set, town.requester, NOW)


def test_a_foreign_change_since_the_approval_is_refused_with_what_changed(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.somebody_adds(
        GEOGEBRA, assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    )

    with pytest.raises(services.StalePlan) as refused:
        services.apply_change_set(change_set, town.requester, LATER)

    change_set.refresh_from_db()
    assert any(GEOGEBRA in sentence for sentence in refused.value.differences)
    assert (change_set.status, change_set.approved_by) == ("planned", None)
    assert town.approve(change_set).status == "approved"
    assert town.tenant.writes() == []


def test_a_computer_that_came_since_the_approval_makes_the_plan_stale(town: Town):
    change_set = town.approved(GEOGEBRA)
    factories.device(town.schools["GY-RONN"])

    with pytest.raises(services.StalePlan) as refused:
        services.apply_change_set(change_set, town.requester, LATER)

    assert any(sentence.startswith("1 ") for sentence in refused.value.differences)


def test_a_change_elsewhere_does_not_make_the_plan_stale(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.somebody_replaces("Inkscape", [assignment_for("group", town.gymnasium.entra_group_id, "available")])
    factories.device(town.schools["AG-FURU"])

    assert services.apply_change_set(change_set, town.requester, LATER).status == "applying"


def test_a_change_that_needs_no_write_is_applied_at_once(town: Town):
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.gymnasium.entra_group_id, "required"))

    change_set = town.started(GEOGEBRA)

    assert change_set.status == "applied"
    assert [notice["code"] for notice in change_set.plan["warnings"]] == ["covered"]


def test_what_somebody_took_away_in_intune_is_put_back_by_the_next_change(town: Town):
    town.tenant.somebody_replaces("Safe Exam Browser", [])

    change_set = town.plan(town.propose(GEOGEBRA))

    names = {change["name"].rsplit(" ", 1)[0] for change in change_set.plan["changes"]}
    assert names == {GEOGEBRA, "Safe Exam Browser"}


def test_a_school_that_goes_without_is_excluded(town: Town):
    draft = drafts.start_draft(town.baseline, town.requester)
    application = vetted(town.version(GEOGEBRA).application)
    drafts.put_entry(draft, profile_of(town.gymnasium), application, intent="required", by=town.requester)
    drafts.put_entry(draft, profile_of(town.schools["GY-RONN"]), application, action="remove", by=town.requester)

    change_set = town.plan(changes.propose(draft, town.requester))

    concerned = set(ChangeTarget.objects.filter(change__change_set=change_set).values_list("device", flat=True))
    assert concerned == gymnasium_devices(town) - devices_at(town.schools["GY-RONN"])
    assert Device.objects.count() > len(concerned)
