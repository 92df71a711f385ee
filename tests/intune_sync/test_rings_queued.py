"""A roll-out that waits for another with the same app: when its approval still holds, and who hears if it does not."""

from __future__ import annotations

import pytest

from deployments.models import ChangeSet, ChangeTarget, Rollout
from deployments.services import rollouts
from intune_sync import services
from intune_sync.payloads import assignment_for
from intune_sync.push import apply
from schools.models import AuditEvent, Municipality, Notification
from tests import factories
from tests.factories import NOW
from tests.intune_sync.test_rings import (
    HOUR,
    carry,
    change,
    given,
    goes_ring_by_ring,
    has,
    let_through,
    newer,
    planned,
    put,
    start,
    town,  # noqa: F401  (fixture)
)
from tests.pushing import Town, devices_at

pytestmark = pytest.mark.django_db


def one_behind_the_other(town: Town, **what: object) -> tuple[Rollout, Rollout]:  # noqa: F811
    """The upper secondary schools get GIMP, ring 1 of 2 is out; behind it waits what else is decided of GIMP."""
    first = carry(start(town, planned(town, town.approved("GIMP"), 50, 100)))
    second = start(town, planned(town, change(town, put(town, "GIMP", **what)), 50, 100))
    services.start_due(NOW)
    second.refresh_from_db()
    assert second.status == "queued"
    return first, second


def ends(town: Town, first: Rollout, second: Rollout) -> None:  # noqa: F811
    """The last ring of the first is written; then the sweep comes."""
    assert let_through(town, first, NOW + HOUR).status == "done"
    services.start_due(NOW + HOUR)
    second.refresh_from_db()


def everybody() -> Municipality:
    return Municipality.objects.get()


def concerned(rollout: Rollout) -> set[int]:
    return set(ChangeTarget.objects.filter(change__change_set=rollout.change_set_id).values_list("device", flat=True))


def told(kind: str = "rollout.not_started") -> dict[int, str]:
    return {each.user_id: each.body for each in Notification.objects.filter(kind=kind)}


def test_what_the_first_has_written_leaves_the_approval_of_the_second_as_it_is(town: Town):  # noqa: F811
    first, second = one_behind_the_other(town, intent="available")
    approved = ChangeSet.objects.get(pk=second.change_set_id)

    ends(town, first, second)

    now = second.change_set
    assert (second.status, now.status, now.approved_by) == ("running", "applying", town.approver)
    assert (now.approved_hash, now.approved_at) == (now.plan_hash, approved.approved_at)
    assert now.plan_hash != approved.plan_hash
    assert now.changes.get().targets_before == first.change_set.changes.get().targets_after
    assert AuditEvent.objects.about("deployments.changeset", now.pk).filter(act="changeset.approval_kept").exists()
    assert told() == {}
    goes_ring_by_ring(town, second, "GIMP")


def test_second_is_planned_on_what_the_first_will_have_brought(town: Town):  # noqa: F811
    first, second = one_behind_the_other(town, owner=everybody(), intent="required")
    assert concerned(second) == devices_at(town.schools["AG-FURU"])

    ends(town, first, second)

    assert second.status == "running"
    goes_ring_by_ring(town, second, "GIMP")
    assert set(given(town.tenant, "GIMP").values()) == {"required"}


def test_version_after_version_needs_no_second_approval(town: Town):  # noqa: F811
    has(town, "GIMP")
    newest = newer(town, "Inkscape", of="GIMP")
    version = change(town, put(town, "GIMP", intent="required", version=newest))
    first = carry(start(town, planned(town, version, 50, 100)))
    last = newer(town, "MuseScore Studio", of="GIMP")
    after = change(town, put(town, "GIMP", intent="required", version=last))
    second = start(town, planned(town, after, 50, 100))

    ends(town, first, second)

    assert second.status == "running"
    goes_ring_by_ring(town, second, "Inkscape", "MuseScore Studio")


def test_what_somebody_else_has_changed_meanwhile_is_approved_anew(town: Town):  # noqa: F811
    first, second = one_behind_the_other(town, intent="available")
    others = town.tenant.groups["terminsklar-form-grundskola"]
    assert let_through(town, first, NOW + HOUR).status == "done"
    town.tenant.somebody_adds("GIMP", assignment_for("group", others, "available"))

    services.start_due(NOW + HOUR)

    second.refresh_from_db()
    assert (second.status, second.change_set.status) == ("planned", "planned")
    assert told().keys() == {town.requester.pk, town.approver.pk}
    assert all("GIMP" in body for body in told().values())
    assert set(Notification.objects.filter(kind="rollout.not_started").values_list("is_urgent", flat=True)) == {True}
    town.approve(second.change_set)
    second.refresh_from_db()
    goes_ring_by_ring(town, start(town, second), "GIMP")


def test_what_stood_there_before_and_not_what_the_first_wrote_is_approved_anew(town: Town):  # noqa: F811
    """Somebody has taken our own entry away since; what is to be written is the same."""
    first, second = one_behind_the_other(town, intent="available")
    assert let_through(town, first, NOW + HOUR).status == "done"
    own = str(town.gymnasium.entra_group_id)
    left = [raw for raw in town.tenant.assignments("GIMP") if raw["target"].get("groupId") != own]
    town.tenant.somebody_replaces("GIMP", left)

    services.start_due(NOW + HOUR)

    second.refresh_from_db()
    assert (second.status, second.change_set.status) == ("planned", "planned")


def test_other_computers_are_approved_anew(town: Town):  # noqa: F811
    first, second = one_behind_the_other(town, intent="available")
    factories.device(town.schools["GY-RONN"])

    ends(town, first, second)

    assert (second.status, second.change_set.status) == ("planned", "planned")
    assert all("1 " in body for body in told().values())


def test_first_that_is_broken_off_leaves_more_to_the_second_and_that_is_approved_anew(town: Town):  # noqa: F811
    first, second = one_behind_the_other(town, owner=everybody(), intent="required")

    rollouts.abort(first, by=town.requester, reason="Krånglar", now=NOW + HOUR)
    services.start_due(NOW + HOUR)

    second.refresh_from_db()
    assert (second.status, second.change_set.status) == ("planned", "planned")
    assert concerned(second) > devices_at(town.schools["AG-FURU"])
    assert told().keys() == {town.requester.pk, town.approver.pk}


def test_people_hear_each_time_that_it_goes_back(town: Town):  # noqa: F811
    rollout = planned(town, town.approved("GIMP"), 50, 100)
    rollouts.ask_to_start(rollout, by=town.requester, now=NOW)
    for turn in (1, 2):
        factories.device(town.schools["GY-RONN"])
        services.start_due(NOW + turn * HOUR)
        assert Notification.objects.filter(kind="rollout.not_started", user=town.approver).count() == turn
        rollout.refresh_from_db()
        town.approve(rollout.change_set)
        rollouts.redraw(rollout, rollouts.settings_of(rollout), by=town.requester, now=NOW)
        rollouts.ask_to_start(rollout, by=town.requester, now=NOW)


def test_change_without_rings_that_waited_for_another_needs_no_second_approval(town: Town):  # noqa: F811
    town.started("GIMP")
    second = change(town, put(town, "GIMP", intent="available"))
    apply.work(NOW, most=100)

    services.apply_change_set(second, town.requester, NOW + HOUR)

    assert ChangeSet.objects.get(pk=second.pk).status == "applying"
