"""Roll-outs that are stopped, taken back, queued, or hindered: through the ledger and the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Count

from deployments.models import AppVersion, ChangeSet, ChangeTarget, RingGroup, RingGroupMember, RingMember, Rollout
from deployments.models.moves import InvalidMove
from deployments.services import rollouts
from deployments.services.rollouts import prepare_rollback
from deployments.status import DeviceStatus, with_status
from fleet.models import Device
from intune_sync import services
from intune_sync.models import KeptGroup, Operation
from intune_sync.payloads import assignment_for
from intune_sync.push import apply, dropping, ledger, reconcile, rings
from intune_sync.services import changes as writing
from schools.models import AuditEvent, School
from tests import factories
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import groups_named
from tests.intune_sync.test_rings import (
    HOUR,
    carry,
    change,
    given,
    has,
    let_through,
    newer,
    opened,
    planned,
    put,
    ring_groups,
    start,
    statuses,
    town,  # noqa: F401  (fixture)
    work,
)
from tests.pushing import GEOGEBRA, Town, devices_at

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=6)


def stopped_after_ring_one(town: Town) -> tuple[Rollout, AppVersion, set[int]]:  # noqa: F811
    """A new version of GIMP is in the first of three rings."""
    has(town, "GIMP")
    new = newer(town, "Inkscape", of="GIMP")
    rollout = carry(start(town, planned(town, change(town, put(town, "GIMP", intent="required", version=new)))))
    return rollout, new, opened(rollout)


def rolled_back(town: Town, rollout: Rollout) -> ChangeSet:  # noqa: F811
    prepared = prepare_rollback(rollout, by=town.requester, reason="Krånglar", now=NOW + HOUR)
    return town.approve(town.plan(prepared))


def test_rolling_back_touches_only_the_computers_of_opened_rings(town: Town):  # noqa: F811
    before = given(town.tenant, "GIMP")
    rollout, new, inside = stopped_after_ring_one(town)
    had = {device: "required" if device not in inside else None for device in devices_at(*gymnasia(town))}
    assert {device: intent for device, intent in given(town.tenant, "GIMP").items() if device in had} == had

    back = rolled_back(town, rollout)

    concerned = ChangeTarget.objects.filter(change__change_set=back)
    assert set(concerned.values_list("device", flat=True)) == inside
    assert set(back.changes.values_list("app_version__intune_app_id", flat=True)) == {
        new.intune_app_id,
        UUID(town.tenant.app_id("GIMP")),
    }
    counted = town.tenant.sandbox.get("/sandbox/state")["requests"]
    services.apply_change_set(back, town.requester, NOW)
    work()
    carry(rollout)

    assert (rollout.status, ring_groups(town.tenant)) == ("rolled_back", [])
    assert set(given(town.tenant, "Inkscape").values()) == {None}
    after = given(town.tenant, "GIMP")
    assert after == before | dict.fromkeys(had, "required")
    written = {call["path"] for call in town.tenant.calls(since=str(counted)) if call["method"] in ("POST", "DELETE")}
    assert {path for path in written if "/assign" in path} == {
        f"/beta/deviceAppManagement/mobileApps/{town.tenant.app_id(name)}/assign" for name in ("GIMP", "Inkscape")
    }


def gymnasia(town: Town) -> list:  # noqa: F811
    return [school for tag, school in town.schools.items() if tag.startswith("GY")]


def test_what_a_broken_off_roll_out_left_is_not_written_by_the_next_change(town: Town):  # noqa: F811
    rollout, _new, inside = stopped_after_ring_one(town)
    rollouts.abort(rollout, by=town.requester, reason="Krånglar", now=NOW + HOUR)

    other = town.approved(GEOGEBRA)
    services.apply_change_set(other, town.requester, NOW)
    carry(rollout)

    assert [each["name"] for each in other.plan["changes"]] == [GEOGEBRA + " " + version_of(GEOGEBRA, town)]
    assert {pk for pk, intent in given(town.tenant, "Inkscape").items() if intent} == inside
    assert ring_groups(town.tenant) != []


def test_what_is_decided_anew_of_the_application_clears_up_after_the_broken_off_roll_out(town: Town):  # noqa: F811
    rollout, _new, _inside = stopped_after_ring_one(town)
    rollouts.abort(rollout, by=town.requester, reason="Krånglar", now=NOW + HOUR)
    newest = newer(town, "MuseScore Studio", of="GIMP")

    anew = change(town, put(town, "GIMP", intent="required", version=newest))
    services.apply_change_set(anew, town.requester, NOW + HOUR)
    carry(rollout, NOW + 2 * HOUR)
    work(NOW + 2 * HOUR)

    assert {pk for pk, intent in given(town.tenant, "MuseScore Studio").items() if intent} == devices_at(
        *gymnasia(town)
    )
    assert set(given(town.tenant, "Inkscape").values()) == {None}
    assert not any(given(town.tenant, "GIMP")[pk] for pk in devices_at(*gymnasia(town)))
    assert ring_groups(town.tenant) == []


def version_of(name: str, town: Town) -> str:  # noqa: F811
    return AppVersion.objects.get(intune_app_id=town.tenant.app_id(name)).version


def test_change_that_has_a_roll_out_is_not_written_all_at_once(town: Town):  # noqa: F811
    change_set = town.approved(GEOGEBRA)
    planned(town, change_set)

    with pytest.raises(services.HasRollout):
        services.apply_change_set(change_set, town.requester, NOW)

    assert not Operation.objects.exists()


def test_roll_out_that_is_planned_while_intune_is_read_is_not_overrun(
    town: Town,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
):
    change_set, read = town.approved(GEOGEBRA), writing.fresh_plan

    def and_meanwhile(*args: Any) -> Any:
        planned(town, change_set)
        return read(*args)

    monkeypatch.setattr(writing, "fresh_plan", and_meanwhile)
    with pytest.raises(services.HasRollout):
        services.apply_change_set(change_set, town.requester, NOW)

    change_set.refresh_from_db()
    assert (change_set.status, change_set.rollout.status) == ("approved", "planned")
    assert not Operation.objects.exists()


def test_second_press_starts_nothing(town: Town):  # noqa: F811
    rollout = start(town, planned(town, town.approved(GEOGEBRA)))

    with pytest.raises(InvalidMove):
        start(town, rollout)
    carry(rollout)
    work()

    assert Operation.objects.filter(kind="assign").values("change", "stage").distinct().count() == 1
    assert len(town.tenant.writes()) == 1


def test_roll_out_that_is_no_longer_as_approved_does_not_start(town: Town):  # noqa: F811
    rollout = planned(town, town.approved(GEOGEBRA))
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.tenant.groups["terminsklar-all"], "available"))

    with pytest.raises(services.StalePlan) as refusal:
        start(town, rollout)

    (said,) = refusal.value.differences
    assert GEOGEBRA in said
    rollout.refresh_from_db()
    assert (rollout.status, rollout.change_set.status) == ("planned", "planned")
    assert not RingGroup.objects.exists()


def test_roll_outs_of_different_apps_go_side_by_side(town: Town):  # noqa: F811
    one = carry(start(town, planned(town, town.approved("GIMP"))))
    other = carry(start(town, planned(town, town.approved("Inkscape"))))
    for hours in (1, 2):
        let_through(town, one, NOW + hours * HOUR)
        let_through(town, other, NOW + hours * HOUR)

    assert (one.status, other.status) == ("done", "done")
    assert ring_groups(town.tenant) == []


def test_group_that_somebody_deletes_is_made_again_with_the_next_ring(town: Town):  # noqa: F811
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA))))
    group = RingGroup.objects.get(ring__number=1)
    session, url = town.tenant.sandbox.session, f"{town.tenant.sandbox.url}/v1.0/groups/{group.entra_group_id}"
    headers = {"Authorization": f"Bearer {town.tenant.sandbox.token()}"}
    assert session.delete(url, headers=headers).status_code == 204
    KeptGroup.objects.filter(ring_group=group).update(members_digest="other")  # as when a computer came or went
    work(NOW + HOUR)
    assert not KeptGroup.objects.filter(ring_group=group).exists()

    let_through(town, rollout, NOW + 2 * HOUR)

    inside = opened(rollout)
    assert statuses(rollout)[:2] == ["passed", "open"]
    assert {pk for pk, intent in given(town.tenant, GEOGEBRA).items() if intent == "required"} == inside


def test_group_that_cannot_be_made_holds_its_ring_and_nothing_else_is_written(town: Town):  # noqa: F811
    town.tenant.fault("status", path="/v1.0/groups", status=403, count=-1)

    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA))))

    assert statuses(rollout)[0] == "opening"
    assert rollout.change_set.status == "failed"
    assert dict(Operation.objects.values_list("kind", "problem")) == {"group": "forbidden", "assign": "no_group"}
    assert town.tenant.writes() == []

    town.tenant.heal()
    services.retry_change_set(rollout.change_set, town.requester, NOW)
    carry(rollout)
    assert statuses(rollout)[0] == "open"
    assert ChangeSet.objects.get(pk=rollout.change_set_id).status == "applying"


def test_change_that_is_closed_with_a_ring_half_written_can_be_rolled_back(town: Town):  # noqa: F811
    town.tenant.fault("status", path="/v1.0/groups", status=403, count=-1)
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA))))
    services.abandon_change_set(rollout.change_set, town.requester, "Går inte")
    rollouts.advance(NOW)

    work()

    rollout.refresh_from_db()
    assert (rollout.status, statuses(rollout)[0]) == ("aborted", "open")
    assert not rollout.members.filter(written_at__isnull=False).exists()
    assert prepare_rollback(rollout, by=town.requester, reason="Går inte", now=NOW).status == "draft"


def test_worker_that_dies_between_group_and_list_leaves_one_group_and_one_list(town: Town):  # noqa: F811
    rollout = start(town, planned(town, town.approved(GEOGEBRA)))
    rollouts.advance(NOW)
    rings.sweep(NOW)
    apply.work(NOW, most=1)
    assert Operation.objects.get(kind="group").status == "verified"
    lease = ledger.claim(NOW, "dies")
    assert lease is not None
    assert lease.operation.kind == "assign"

    carry(rollout, NOW + timedelta(minutes=2))

    assert statuses(rollout)[0] == "open"
    assert len(town.tenant.writes()) == 1
    (group,) = RingGroup.objects.filter(ring__number=1)
    assert len(groups_named(town.tenant, group.mail_nickname)) == 1


def test_list_is_not_written_while_its_group_is_empty(town: Town):  # noqa: F811
    """Created, and then Entra went away before anybody was put in."""
    rollout = start(town, planned(town, town.approved(GEOGEBRA)))
    rollouts.advance(NOW)
    rings.sweep(NOW)
    town.tenant.fault("status", method="PATCH", path="/groups/", status=403, count=-1)

    apply.work(NOW, most=100)

    assert KeptGroup.objects.get(ring_group__rollout=rollout).verified_at is None
    assert Operation.objects.get(kind="assign").problem == "no_group"
    assert town.tenant.writes() == []


def test_computers_that_are_let_in_later_are_only_put_into_the_group(town: Town):  # noqa: F811
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA), 50, 100)))
    late = rollout.members.filter(ring__number=1).first()
    assert late is not None
    RingMember.objects.filter(pk=late.pk).update(released_at=None, written_at=None)
    reconcile.sweep(LATER)
    apply.work(LATER)
    assert given(town.tenant, GEOGEBRA)[late.device_id] is None

    rollouts.advance(LATER)
    assert RingMember.objects.get(pk=late.pk).released_at == LATER
    work(LATER)

    assert given(town.tenant, GEOGEBRA)[late.device_id] == "required"
    assert RingMember.objects.get(pk=late.pk).written_at is not None
    assert len(town.tenant.writes()) == 1


@pytest.mark.parametrize("gone", [{"lifecycle": "retired"}, {"missing_since": NOW}])
@pytest.mark.parametrize("others", [0, 1])
def test_computer_that_is_gone_does_not_keep_those_let_in_with_it_waiting(
    town: Town,  # noqa: F811
    gone: dict[str, object],
    others: int,
):
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA), 50, 100)))
    late = list(rollout.members.filter(ring__number=1)[: 1 + others])
    RingMember.objects.filter(pk__in=[each.pk for each in late]).update(released_at=None, written_at=None)
    RingGroupMember.objects.filter(device__in=[each.device_id for each in late]).update(confirmed_at=None)
    reconcile.sweep(LATER)
    apply.work(LATER)
    rollouts.advance(LATER)
    Device.objects.filter(pk=late[0].device_id).update(**gone)

    carry(rollout, LATER)

    assert not rollout.members.filter(pk__in=[each.pk for each in late], written_at=None).exists()
    assert rings.sweep(LATER) == 0


def test_ring_that_cannot_be_worked_out_does_not_hold_up_the_others(town: Town):  # noqa: F811
    """The school of a rule that the first roll-out changes has lost its group since."""
    school = town.schools["GY-RONN"]
    has(town, "GIMP", owner=school)
    broken = start(town, planned(town, change(town, put(town, "GIMP", owner=school, intent="available")), 50, 100))
    other = start(town, planned(town, town.approved(GEOGEBRA), 50, 100))
    rollouts.advance(NOW)
    School.objects.filter(pk=school.pk).update(entra_group_id=None)

    assert rings.sweep(NOW) == 1

    assert set(Operation.objects.filter(stage=1).values_list("change_set", flat=True)) == {other.change_set_id}
    assert not RingGroup.objects.filter(ring__rollout=broken).exists()


def test_each_computer_counts_once_at_every_stage(town: Town):  # noqa: F811
    rollout = start(town, planned(town, town.approved(GEOGEBRA)))

    for hours in range(4):
        carry(rollout, NOW + hours * HOUR)
        targets = ChangeTarget.objects.filter(change__change_set=rollout.change_set_id)
        counts = dict(with_status(targets).order_by().values_list("status").annotate(Count("pk")))
        told = rollout.members.filter(written_at__isnull=False).count()
        assert sum(counts.values()) == 9
        assert counts.get(DeviceStatus.WAITING_FOR_INTUNE, 0) == 9 - told
        if rollout.rings.filter(status="open").exists():
            rollouts.pass_ring(rollout, by=town.approver, now=NOW, reason="Prov")
    assert told == 9


def test_a_group_that_is_not_ours_any_more_is_left_alone(town: Town):  # noqa: F811
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA), 50, 100)))
    theirs = town.tenant.groups["terminsklar-all"]
    group = RingGroup.objects.get(ring__number=1)
    real = group.entra_group_id
    let_through(town, rollout, NOW + HOUR)
    RingGroup.objects.filter(pk=group.pk).update(deleted_at=None, entra_group_id=theirs)
    Operation.objects.filter(kind="drop_group").delete()
    assert real is not None

    work(NOW + HOUR)

    assert Operation.objects.get(kind="drop_group").problem == "not_ours"
    assert groups_named(town.tenant, "terminsklar-all") != []


def test_group_that_cannot_be_dropped_does_not_hold_up_the_others(town: Town):  # noqa: F811
    """Its end is in the ledger as carried out, and yet it is there."""
    for name in ("GIMP", "Inkscape"):
        rollout = carry(start(town, planned(town, town.approved(name), 50, 100)))
        let_through(town, rollout, NOW + HOUR)
    broken, other = RingGroup.objects.order_by("pk")
    RingGroup.objects.update(deleted_at=None)
    Operation.objects.filter(kind="drop_group", ring_group=other).delete()

    assert dropping.sweep(NOW + 3 * HOUR) == 1

    assert Operation.objects.get(kind="drop_group", status="ready").ring_group == other
    assert RingGroup.objects.get(pk=broken.pk).deleted_at is None


def test_the_end_of_a_group_is_in_the_audit_trail(town: Town):  # noqa: F811
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA), 50, 100)))

    let_through(town, rollout, NOW + HOUR)

    event = AuditEvent.objects.get(act="group.deleted")
    assert event.before["group"] == f"Terminsklar utrullning {rollout.pk}, etapp 1"
    assert not KeptGroup.objects.filter(ring_group__isnull=False).exists()


def test_a_school_sees_only_roll_outs_of_its_own_computers(town: Town):  # noqa: F811
    school, other = town.schools["GY-RONN"], town.schools["AG-FURU"]
    rollout = start(town, planned(town, town.approved(GEOGEBRA, owner=school), 50, 100))

    assert rollout in Rollout.objects.visible_to(factories.person("approver", school))
    assert rollout not in Rollout.objects.visible_to(factories.person("approver", other))


def test_sweep_costs_four_queries_while_no_roll_out_is_going(town: Town, django_assert_num_queries):  # noqa: F811
    with django_assert_num_queries(4):
        assert rings.sweep(NOW) == 0
