"""Apps of a roll-out are compared with what its rings have written, also when it was broken off half-way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.models import RingGroup, Rollout
from deployments.services import rollouts
from deployments.services.changes import broken_off
from fleet.models import Device
from intune_sync import services
from intune_sync.drift import acts
from intune_sync.drift.reach import devices_of
from intune_sync.models import DriftItem, KeptGroup, Operation, OwnedAssignment
from intune_sync.payloads import assignment_for
from schools.clock import shared_now
from tests.intune_sync.drift.foreign import RESOURCES, Portal, said
from tests.intune_sync.drift.test_acts import carried_out, keys, reverting
from tests.intune_sync.test_kept_groups import known_to_entra, members
from tests.intune_sync.test_rings import carry, let_through, opened, planned
from tests.pushing import GEOGEBRA

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(portal: Portal) -> Rollout:
    """GIMP goes to the upper secondary schools in three rings, of which the first is written and read."""
    town = portal.town
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    queued = planned(town, town.approved("GIMP"))
    started = rollouts.start(queued, by=town.requester, now=shared_now(), put_in_force=services.put_in_force)
    carry(started, shared_now())
    portal.read_twice(*RESOURCES)
    assert portal.items == []
    return started


def ring_group(rollout: Rollout, number: int = 1) -> RingGroup:
    return RingGroup.objects.get(rollout=rollout, ring__number=number)


def ring_entry(portal: Portal, rollout: Rollout) -> dict[str, object]:
    """The first ring's own line in the app's list."""
    group_id = str(ring_group(rollout).entra_group_id)
    return next(raw for raw in portal.town.tenant.assignments("GIMP") if raw["target"]["groupId"] == group_id)


def break_off(portal: Portal, rollout: Rollout) -> None:
    rollouts.abort(rollout, by=portal.town.requester, reason="Krånglar", now=shared_now())
    portal.read_twice(*RESOURCES)
    assert portal.items == []


def test_what_the_rings_write_is_no_difference_until_it_is_everywhere(portal: Portal, rollout: Rollout):
    for _ring in range(2):
        let_through(portal.town, rollout, shared_now())
        portal.read_twice(*RESOURCES)
        assert portal.items == []
    carry(rollout, shared_now())

    portal.read_twice(*RESOURCES)

    assert (rollout.status, portal.items) == ("done", [])


def test_somebody_who_gives_the_app_to_all_before_the_rings_do_is_found(portal: Portal, rollout: Rollout):
    everybody = assignment_for("group", portal.town.gymnasium.entra_group_id, "required")
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[everybody])

    portal.read_twice("apps")

    assert (portal.item.kind, portal.item.is_decided) == ("foreign", False)


def test_a_ring_that_is_taken_out_of_the_list_is_found_and_put_back_by_the_next_one(portal: Portal, rollout: Rollout):
    inside = opened(rollout)
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), remove=[ring_entry(portal, rollout)["id"]])
    portal.read_twice("apps")
    item = portal.item
    assert item.kind == "missing"
    assert set(devices_of(item.reach).values_list("pk", flat=True)) == inside
    assert f"utrullning {rollout.pk}, etapp 1" in said(item)[0]
    with pytest.raises(acts.NotPossible):
        acts.revert(item, portal.town.requester, "Av misstag", shared_now())

    let_through(portal.town, rollout, shared_now())
    portal.read_twice(*RESOURCES)

    assert portal.items == []


def test_an_app_of_a_broken_off_roll_out_is_compared_with_what_was_left(portal: Portal, rollout: Rollout):
    break_off(portal, rollout)
    left = keys(portal, "GIMP")
    portal.somebody(
        app_id=portal.town.tenant.app_id("GIMP"),
        remove=[ring_entry(portal, rollout)["id"]],
        add=[portal.to_school("GY-RONN", "available")],
    )
    portal.read_twice("apps")
    assert {item.kind for item in portal.items} == {"missing", "foreign"}

    for item in portal.items:
        carried_out(portal, reverting(portal, item))

    portal.read_twice(*RESOURCES)
    assert (portal.items, keys(portal, "GIMP")) == ([], left)
    assert set(DriftItem.objects.filter(app_version__isnull=False).values_list("resolution", flat=True)) == {
        "",
        "reverted",
    }


def test_taking_drift_back_lets_nobody_else_write_what_was_broken_off(portal: Portal, rollout: Rollout):
    break_off(portal, rollout)
    left = keys(portal, "GIMP")
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[portal.to_school("GY-RONN", "available")])
    portal.read_twice("apps")
    carried_out(portal, reverting(portal, portal.item))

    services.apply_change_set(portal.town.approved(GEOGEBRA), portal.town.requester, shared_now())
    portal.write()

    assert keys(portal, "GIMP") == left
    assert broken_off().filter(app_version=portal.town.version("GIMP")).exists()


def test_what_was_taken_away_may_be_put_back_ring_by_ring(portal: Portal):
    town = portal.town
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    services.apply_change_set(town.approved("GIMP"), town.requester, shared_now())
    portal.write()
    portal.settle()
    before = keys(portal, "GIMP")
    portal.somebody(app_id=town.tenant.app_id("GIMP"), remove=[raw["id"] for raw in town.tenant.assignments("GIMP")])
    portal.read_twice("apps")
    item = portal.item

    back = planned(town, town.approve(reverting(portal, item)))
    rollouts.start(back, by=town.requester, now=shared_now(), put_in_force=services.put_in_force)
    carry(back, shared_now())
    portal.read_twice(*RESOURCES)
    for _ring in range(2):
        let_through(town, back, shared_now())
    carry(back, shared_now())

    portal.read_twice(*RESOURCES)
    item.refresh_from_db()
    assert (back.status, item.resolution, portal.items) == ("done", "reverted", [])
    assert keys(portal, "GIMP") == before


@pytest.mark.parametrize("status", Operation.HELD)
def test_only_what_is_being_sent_now_is_left_out(portal: Portal, rollout: Rollout, status: str):
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), remove=[ring_entry(portal, rollout)["id"]])
    write = Operation.objects.filter(kind="assign", change_set=rollout.change_set_id)
    write.update(status=status, lease_expires_at=shared_now() + timedelta(minutes=1))

    portal.read_twice("apps")
    assert portal.items == []

    write.update(status="failed", lease_expires_at=None)
    portal.read_twice("apps")
    assert portal.items == []  # nobody knows whether that call got there

    write.update(request_hash="")
    portal.read_twice("apps")
    assert portal.items == []  # and nothing was there before it

    write.update(status="verified")
    portal.read_twice("apps")
    assert portal.item.kind == "missing"


def test_a_change_that_failed_before_it_was_sent_is_no_difference(portal: Portal):
    """What it was to write is the portal's own already, and was never there."""
    portal.town.started("GIMP", owner=portal.town.schools["GY-RONN"])
    portal.write()
    portal.settle()
    (ours,) = portal.town.tenant.assignments("GIMP")
    portal.town.started("GIMP", owner=portal.town.schools["GY-TEKN"])
    portal.town.tenant.fault("status", status=403, count=-1)
    portal.write()
    portal.town.tenant.heal()
    assert Operation.objects.latest("pk").problem == "forbidden"
    assert OwnedAssignment.objects.filter(key__contains=str(portal.town.schools["GY-TEKN"].entra_group_id)).exists()

    portal.read_twice("apps")
    assert portal.items == []

    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), remove=[ours["id"]])
    portal.read_twice("apps")
    assert (portal.item.kind, portal.item.before["group_id"]) == ("missing", ours["target"]["groupId"])


def test_members_of_a_ring_changed_by_hand_are_found_and_put_right(portal: Portal, rollout: Rollout):
    group = ring_group(rollout)
    inside = sorted(members(portal.town.tenant, group.entra_group_id))
    portal.somebody(group_id=str(group.entra_group_id), remove_members=[inside[0]])
    portal.read_twice("groups")
    item = portal.item
    assert (item.kind, item.after["went"], item.after["came"]) == ("members", [inside[0]], [])
    assert str(Device.objects.get(entra_object_id=inside[0])) in said(item)[1]

    assert acts.revert(item, portal.town.requester, "Av misstag", shared_now()) is None
    portal.write()

    assert sorted(members(portal.town.tenant, group.entra_group_id)) == inside
    portal.read_twice("groups")
    item.refresh_from_db()
    assert (portal.items, item.resolution) == ([], "reverted")


def test_a_group_of_a_ring_that_somebody_deletes_comes_back_with_the_next_ring(portal: Portal, rollout: Rollout):
    inside, former = opened(rollout), ring_group(rollout).entra_group_id
    portal.somebody(group_id=str(former), delete=True)

    portal.read_twice("groups")

    item = portal.item
    assert item.kind == "group_gone"
    assert set(devices_of(item.reach).values_list("pk", flat=True)) == inside
    with pytest.raises(acts.NotPossible, match=r"utrullning|roll-out"):
        acts.revert(item, portal.town.requester, "Av misstag", shared_now())

    KeptGroup.objects.update(created_at=shared_now() - timedelta(hours=1))
    carry(rollout, shared_now())
    let_through(portal.town, rollout, shared_now())
    group = ring_group(rollout)
    objects = Device.objects.filter(pk__in=inside).values_list("entra_object_id", flat=True)
    assert group.entra_group_id not in (None, former)
    assert members(portal.town.tenant, group.entra_group_id) == set(map(str, objects))
    portal.read_twice(*RESOURCES)
    assert portal.items == []


def test_groups_that_the_portal_deletes_itself_are_no_difference(portal: Portal, rollout: Rollout):
    for _ring in range(2):
        let_through(portal.town, rollout, shared_now())
    carry(rollout, shared_now())
    assert RingGroup.objects.filter(rollout=rollout, deleted_at=None).count() == 0

    portal.read_twice("groups")

    assert portal.items == []
