"""What was decided goes to Intune without a further hand, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deployments.models import ChangeSet
from deployments.services import rollouts
from deployments.services.changes import AnotherUnderWay
from deployments.services.rollouts import Settings
from intune_sync import services, tasks
from intune_sync.models import AutomaticHold, Operation
from intune_sync.payloads import assignment_key
from intune_sync.push import apply, automatic
from schools.models import AuditEvent
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Town, active_revision, decided

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=6)


def carried(change_set: ChangeSet, now: Any = SOON) -> ChangeSet:
    automatic.carry(now)
    apply.work(now)
    change_set.refresh_from_db()
    return change_set


def keys(town: Town, name: str = GEOGEBRA) -> set[str]:
    return set(map(assignment_key, town.tenant.assignments(name)))


def test_a_schools_decision_reaches_intune_without_a_further_hand(town: Town):
    change_set = carried(decided(town))

    assert change_set.status == "applied"
    assert change_set.approved_by == change_set.decision.decided_by
    assert f"group:{town.schools['GY-RONN'].entra_group_id}:required" in keys(town)
    assert active_revision() == change_set.revision


def test_the_sweep_finds_it(town: Town, monkeypatch: pytest.MonkeyPatch):
    sent: list[str] = []
    monkeypatch.setattr(tasks, "_send", lambda delay, *args: sent.append(delay.__self__.name))
    decided(town)

    tasks.sweep()

    assert "intune_sync.tasks.carry" in sent


def test_two_decisions_that_wait_both_arrive(town: Town):
    first, second = decided(town), decided(town, "GIMP", at=town.schools["GY-TEKN"])

    assert carried(first).status == "applied"
    assert carried(second).status == "applied"

    assert f"group:{town.schools['GY-RONN'].entra_group_id}:required" in keys(town)
    assert f"group:{town.schools['GY-TEKN'].entra_group_id}:required" in keys(town, "GIMP")
    said = active_revision().entries.filter(decision__isnull=False)
    assert set(said.values_list("decision", flat=True)) == {first.decision_id, second.decision_id}


def test_a_change_that_reaches_another_school_is_left_for_it_with_the_reason(town: Town):
    change_set = carried(decided(town, owner=town.gymnasium))

    assert change_set.status == "planned"
    hold = AutomaticHold.objects.get(change_set=change_set)
    assert (hold.reason, hold.reason_data["school"]) == ("other_schools", "Gy-Ronn")
    assert AuditEvent.objects.filter(act="changeset.held").count() == 1
    assert town.tenant.writes() == []


def test_one_that_is_left_does_not_hold_up_the_others(town: Town):
    left, other = decided(town, owner=town.gymnasium), decided(town, "GIMP")

    automatic.carry(SOON)
    assert carried(other).status == "applied"

    left.refresh_from_db()
    assert left.status == "planned"


def test_what_is_left_is_looked_at_again_after_a_while_and_told_once(town: Town):
    carried(decided(town, owner=town.gymnasium))

    assert not automatic.is_waiting(SOON)
    assert automatic.is_waiting(LATER)
    automatic.carry(LATER)
    assert AuditEvent.objects.filter(act="changeset.held").count() == 1


def test_drift_of_another_app_is_left_for_it(town: Town):
    carried(decided(town, "GIMP"))
    town.tenant.somebody_replaces("GIMP", [])

    assert carried(decided(town)).status == "planned"
    assert AutomaticHold.objects.get().reason_data == {"names": "GIMP"}


def test_an_assignment_of_somebody_else_in_the_way_is_told(town: Town):
    theirs = {
        "intent": "uninstall",
        "target": {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget",
            "groupId": str(town.schools["GY-RONN"].entra_group_id),
        },
    }
    change_set = decided(town)
    town.tenant.somebody_adds(GEOGEBRA, theirs)

    assert carried(change_set).status == "planned"
    hold = AutomaticHold.objects.get(change_set=change_set)
    assert hold.reason == "notice"
    assert GEOGEBRA in hold.reason_data["app"]


def test_a_schools_change_goes_beside_a_large_one_with_other_apps(town: Town):
    large = town.started(GEOGEBRA, "Inkscape", "Arduino IDE")
    small = decided(town, "GIMP")

    automatic.carry(SOON)
    small.refresh_from_db()
    assert (small.status, ChangeSet.objects.get(pk=large.pk).status) == ("applying", "applying")
    assert {str(each.app_version.application) for each in small.changes.all()} == {"GIMP"}
    apply.work(SOON)

    assert set(ChangeSet.objects.values_list("status", flat=True)) == {"applied"}
    assert active_revision() == small.revision
    assert f"group:{town.gymnasium.entra_group_id}:required" in keys(town)
    assert f"group:{town.schools['GY-RONN'].entra_group_id}:required" in keys(town, "GIMP")


def test_a_change_of_the_same_app_waits_for_its_turn_without_a_word(town: Town):
    first, second = decided(town), decided(town, at=town.schools["GY-TEKN"])
    automatic.carry(SOON)
    asked = len(town.tenant.calls())

    automatic.carry(SOON)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("applying", "draft")
    assert len(town.tenant.calls()) == asked
    assert not AutomaticHold.objects.exists()
    apply.work(SOON)

    assert carried(second).status == "applied"
    schools = (town.schools["GY-RONN"], town.schools["GY-TEKN"])
    assert {f"group:{school.entra_group_id}:required" for school in schools} <= keys(town)


def test_by_hand_two_changes_of_one_app_are_not_written_at_once(town: Town):
    town.started(GEOGEBRA)
    second = town.approved(GEOGEBRA, "GIMP", intent="available")

    with pytest.raises(AnotherUnderWay):
        services.apply_change_set(second, town.requester, SOON)

    assert active_revision() != second.revision


def test_what_failed_holds_up_its_own_apps_alone(town: Town):
    waiting = decided(town, "GIMP")
    town.tenant.fault("status", status=403, count=-1)
    failed = town.started(GEOGEBRA)
    apply.work(NOW)
    town.tenant.heal()

    assert carried(waiting).status == "applied"
    services.retry_change_set(ChangeSet.objects.get(pk=failed.pk), town.requester, SOON)
    apply.work(SOON)

    assert set(ChangeSet.objects.values_list("status", flat=True)) == {"applied"}
    assert f"group:{town.gymnasium.entra_group_id}:required" in keys(town)


def test_intune_away_means_later(town: Town):
    change_set = decided(town)
    town.tenant.fault("down", method="POST", path="$batch")

    assert automatic.carry(SOON) is None
    town.tenant.heal()

    assert carried(change_set).status == "applied"
    assert not AutomaticHold.objects.exists()


@pytest.mark.parametrize("step", ["planned", "approved", "applying"])
def test_whoever_takes_over_after_a_crash_goes_on_from_there(town: Town, step: str):
    """The worker is gone after the plan, after the approval, or after the operations were made."""
    change_set = decided(town)
    services.freeze_plan(change_set, None, NOW)
    change_set.refresh_from_db()
    if step != "planned":
        change_set = automatic.approve_by_decision(change_set, change_set.plan_hash, NOW)
    if step == "applying":
        services.apply_change_set(change_set, None, NOW)

    assert carried(change_set).status == "applied"
    assert Operation.objects.count() == 1


def test_what_it_approved_by_hand_waits_for_it_to_write(town: Town):
    change_set = decided(town, owner=town.gymnasium)
    carried(change_set)
    town.approve(change_set)

    assert carried(change_set, LATER).status == "approved"


def test_a_roll_out_that_is_broken_off_before_its_start_leaves_the_change_to_people(town: Town):
    change_set = decided(town)
    services.freeze_plan(change_set, None, NOW)
    change_set.refresh_from_db()
    change_set = automatic.approve_by_decision(change_set, change_set.plan_hash, NOW)
    how = Settings(shares=(50, 100), least_per_model=1, soak_hours=0, gate="by_hand")
    rollout = rollouts.plan_rollout(change_set, how, by=town.requester, now=NOW)
    rollouts.abort(rollout, by=town.requester, reason="Fel vecka", now=NOW)

    assert not automatic.is_waiting(LATER)
    assert carried(change_set, LATER).status == "approved"
    assert town.tenant.writes() == []


def test_it_sees_on_the_page_why_a_change_waits(town: Town, client: Any):
    change_set = carried(decided(town, owner=town.gymnasium))
    client.force_login(town.approver)

    count = AutomaticHold.objects.get(change_set=change_set).reason_data["count"]
    assert f"{count} datorer utanför Gy-Ronn" in client.get(change_set.get_absolute_url()).content.decode()
    client.cookies["django_language"] = "en"
    assert f"{count} computers outside Gy-Ronn" in client.get(change_set.get_absolute_url()).content.decode()
