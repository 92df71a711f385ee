"""Groups that the portal keeps in Entra: created once, filled, and followed when computers move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from deployments.models import ChangeSet
from deployments.services import class_groups
from deployments.services.profiles import profile_of
from fleet.models import Device
from intune_sync import services
from intune_sync.models import IntuneGroup, KeptGroup, Operation
from intune_sync.payloads import assignment_key
from intune_sync.push import apply, group_work, kept_groups, ledger, reconcile
from schools.models import AuditEvent, ClassGroup
from tests import factories
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Tenant, Town

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=6)


def directory(tenant: Tenant, path: str) -> Any:
    headers = {"Authorization": f"Bearer {tenant.sandbox.token()}"}
    return tenant.sandbox.session.get(f"{tenant.sandbox.url}/v1.0/{path}", headers=headers).json()


def known_to_entra(tenant: Tenant, *devices: Device, first: int = 0) -> list[str]:
    """Give the computers identities of the sandbox's; returns their directory objects."""
    found = directory(tenant, "devices?$top=60&$select=id,deviceId")["value"][first : first + len(devices)]
    for device, raw in zip(devices, found, strict=True):
        Device.objects.filter(pk=device.pk).update(entra_device_id=raw["deviceId"])
    return [raw["id"] for raw in found]


def a_class(town: Town, computers: int = 2) -> tuple[ClassGroup, list[Device]]:
    school = town.schools["GY-RONN"]
    group = factories.class_group(school, "NA1a")
    return group, [factories.device(school, class_group=group) for _ in range(computers)]


def groups_named(tenant: Tenant, nickname: str) -> list[dict[str, Any]]:
    return list(directory(tenant, f"groups?$filter=mailNickname eq '{nickname}'")["value"])


def members(tenant: Tenant, group_id: object) -> set[str]:
    return {raw["id"] for raw in directory(tenant, f"groups/{group_id}/members?$top=999")["value"]}


def rename_in_entra(tenant: Tenant, group_id: object, name: str) -> None:
    headers = {"Authorization": f"Bearer {tenant.sandbox.token()}"}
    url = f"{tenant.sandbox.url}/v1.0/groups/{group_id}"
    assert tenant.sandbox.session.patch(url, json={"displayName": name}, headers=headers).status_code == 204


def written(change_set: ChangeSet) -> ChangeSet:
    apply.work(NOW)
    change_set.refresh_from_db()
    return change_set


def test_a_class_that_gets_an_app_gets_a_group_first(town: Town):
    group, devices = a_class(town, 23)
    objects = known_to_entra(town.tenant, *devices)

    change_set = written(town.started(GEOGEBRA, owner=group))

    group.refresh_from_db()
    assert change_set.status == "applied"
    (made,) = groups_named(town.tenant, f"terminsklar-class-{group.pk}")
    assert made["id"] == str(group.entra_group_id)
    assert members(town.tenant, group.entra_group_id) == set(objects)
    assert f"group:{group.entra_group_id}:required" in set(map(assignment_key, town.tenant.assignments(GEOGEBRA)))
    assert len(town.tenant.calls(method="PATCH", path_contains=f"/groups/{group.entra_group_id}")) == 2


def test_the_preview_tells_of_the_group(town: Town):
    group, _devices = a_class(town)

    planned = town.plan(town.propose(GEOGEBRA, owner=group))

    (new,) = planned.plan["groups"]
    assert (new["nickname"], new["members"]) == (f"terminsklar-class-{group.pk}", 2)
    assert groups_named(town.tenant, new["nickname"]) == []
    assert planned.changes.get().targets.count() == 2


def test_a_single_computer_has_a_group_of_its_own(town: Town):
    (device,) = a_class(town, 1)[1]
    (known,) = known_to_entra(town.tenant, device)

    change_set = written(town.started(GEOGEBRA, owner=device))

    assert change_set.status == "applied"
    assert members(town.tenant, profile_of(device).entra_group_id) == {known}


def test_a_group_whose_answer_was_lost_is_found_again(town: Town):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    town.tenant.fault("drop_after", path="/v1.0/groups")

    change_set = town.started(GEOGEBRA, owner=group)
    apply.work(NOW)
    assert Operation.objects.get(kind="group").problem == "answer_lost"
    apply.work(NOW + timedelta(minutes=1))

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1


@pytest.mark.parametrize(("kind", "calls"), [("drop_after", 1), ("drop_before", 2)])
def test_a_group_that_may_be_listed_late_is_not_created_again_before(town: Town, kind: str, calls: int):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    town.tenant.sandbox.post("/sandbox/settings", {"new_group_unlisted_seconds": 3600})
    town.tenant.fault(kind, path="/v1.0/groups")

    town.started(GEOGEBRA, owner=group)
    apply.work(NOW)
    apply.work(NOW + timedelta(seconds=10))
    operation = Operation.objects.get(kind="group")
    sent = len(town.tenant.calls(method="POST", path_contains="/v1.0/groups"))
    town.tenant.sandbox.delete("/sandbox/settings")

    assert (operation.status, operation.problem, sent) == ("unknown", "not_seen", 1)
    apply.work(NOW + timedelta(minutes=2))
    assert len(town.tenant.calls(method="POST", path_contains="/v1.0/groups")) == calls


def test_apps_wait_for_their_group_and_fail_with_it(town: Town):
    group, _devices = a_class(town)
    town.tenant.fault("status", path="/v1.0/groups", status=403, count=-1)

    change_set = written(town.started(GEOGEBRA, owner=group))

    assert change_set.status == "failed"
    assert dict(Operation.objects.values_list("kind", "problem")) == {"group": "forbidden", "assign": "no_group"}
    assert town.tenant.writes() == []

    town.tenant.heal()
    services.retry_change_set(change_set, town.requester, NOW)
    assert written(change_set).status == "applied"


def test_no_app_is_taken_up_before_its_group(town: Town):
    group, _devices = a_class(town)
    town.started(GEOGEBRA, owner=group)

    first = ledger.claim(NOW, "one")

    assert first.operation.kind == "group"
    assert ledger.claim(NOW, "two") is None


def test_a_worker_killed_after_the_group_was_created_leaves_one_group(town: Town):
    """Claimed, created, and then nothing more is heard of it."""
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    change_set = town.started(GEOGEBRA, owner=group)
    town.tenant.fault("down", method="PATCH", path="/groups/")
    apply.work(NOW)
    Operation.objects.filter(kind="group").update(status="sending", lease_expires_at=NOW, not_before=None)
    town.tenant.heal()

    apply.work(NOW + timedelta(minutes=2))

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1


def test_a_computer_that_moves_to_another_class_leaves_the_group(town: Town):
    group, devices = a_class(town)
    stays, _goes = known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))
    group.refresh_from_db()

    Device.objects.filter(pk=devices[1].pk).update(class_group=None)
    assert reconcile.sweep(LATER) == 1
    apply.work(LATER)

    assert members(town.tenant, group.entra_group_id) == {stays}
    assert reconcile.sweep(LATER) == 0


def test_a_class_group_that_is_renamed_renames_its_group(town: Town):
    group, devices = a_class(town)
    known = known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))
    group.refresh_from_db()

    class_groups.rename(group, "NA2a", town.requester)
    assert reconcile.sweep(LATER) == 1
    apply.work(LATER)

    (kept,) = groups_named(town.tenant, f"terminsklar-class-{group.pk}")
    assert (kept["id"], kept["displayName"]) == (str(group.entra_group_id), "Terminsklar NA2a, Gy-Ronn")
    assert members(town.tenant, group.entra_group_id) == set(known)
    assert Operation.objects.filter(kind="group").latest("id").status == "verified"
    event = AuditEvent.objects.get(act="group.renamed")
    assert (event.before, event.after) == (
        {"group": "Terminsklar NA1a, Gy-Ronn"},
        {"group": "Terminsklar NA2a, Gy-Ronn"},
    )
    assert reconcile.sweep(LATER) == 0


def test_a_name_that_somebody_gave_a_group_of_ours_in_entra_is_taken_back(town: Town):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))
    group.refresh_from_db()

    rename_in_entra(town.tenant, group.entra_group_id, "Mattegruppen")
    IntuneGroup.objects.filter(graph_id=group.entra_group_id).update(display_name="Mattegruppen")
    reconcile.sweep(LATER)
    apply.work(LATER)

    (kept,) = groups_named(town.tenant, f"terminsklar-class-{group.pk}")
    assert kept["displayName"] == "Terminsklar NA1a, Gy-Ronn"


def test_a_name_that_was_not_taken_is_tried_again(town: Town):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))
    group.refresh_from_db()
    class_groups.rename(group, "NA2a", town.requester)
    town.tenant.fault("drop_before", method="PATCH", path=f"/groups/{group.entra_group_id}")

    reconcile.sweep(LATER)
    apply.work(LATER)
    assert groups_named(town.tenant, f"terminsklar-class-{group.pk}")[0]["displayName"] == "Terminsklar NA1a, Gy-Ronn"
    apply.work(LATER + timedelta(minutes=2))

    assert groups_named(town.tenant, f"terminsklar-class-{group.pk}")[0]["displayName"] == "Terminsklar NA2a, Gy-Ronn"


def test_members_that_somebody_took_out_are_put_back(town: Town):
    group, devices = a_class(town)
    one, other = known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))
    group.refresh_from_db()
    headers = {"Authorization": f"Bearer {town.tenant.sandbox.token()}"}
    url = f"{town.tenant.sandbox.url}/v1.0/groups/{group.entra_group_id}/members/{one}/$ref"
    assert town.tenant.sandbox.session.delete(url, headers=headers).status_code == 204

    IntuneGroup.objects.filter(graph_id=group.entra_group_id).update(member_count=1)
    reconcile.sweep(LATER)
    apply.work(LATER)

    assert members(town.tenant, group.entra_group_id) == {one, other}


def test_nothing_is_done_for_groups_as_they_should_be(town: Town, django_assert_max_num_queries: Any):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    written(town.started(GEOGEBRA, owner=group))

    with django_assert_max_num_queries(5):
        assert reconcile.sweep(LATER) == 0
    assert KeptGroup.objects.get().member_count == 2


def test_one_open_operation_for_a_group_however_often_it_is_asked_for(town: Town):
    profile = profile_of(a_class(town)[0])

    reconcile.put_operation(profile)
    reconcile.put_operation(profile)

    assert Operation.objects.count() == 1


def test_a_group_that_was_deleted_is_created_again_with_the_next_change(town: Town):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    ClassGroup.objects.filter(pk=group.pk).update(entra_group_id=UUID(int=77))
    reconcile.put_operation(profile_of(group))

    apply.work(NOW)

    group.refresh_from_db()
    assert Operation.objects.get().problem == "group_gone"
    assert group.entra_group_id is None
    assert town.plan(town.propose(GEOGEBRA, owner=group)).plan["groups"]


def test_a_name_made_up_of_container_and_school(town: Town):
    group, _devices = a_class(town)

    assert kept_groups.group_name(profile_of(group)) == "Terminsklar NA1a, Gy-Ronn"
    assert kept_groups.owner_with(f"terminsklar-class-{group.pk}") == profile_of(group)


def test_a_group_too_new_to_be_seen_everywhere_is_looked_at_again(town: Town):
    group, devices = a_class(town)
    objects = known_to_entra(town.tenant, *devices)
    change_set = town.started(GEOGEBRA, owner=group)
    town.tenant.fault("status", method="GET", path="/members", status=404)

    apply.work(NOW)
    assert Operation.objects.get(kind="group").problem == "not_seen"
    apply.work(NOW + timedelta(seconds=10))

    change_set.refresh_from_db()
    group.refresh_from_db()
    assert change_set.status == "applied"
    assert members(town.tenant, group.entra_group_id) == set(objects)


def test_a_large_group_is_filled_in_several_turns_none_of_which_counts_as_a_try(town: Town, monkeypatch: Any):
    group, devices = a_class(town, 59)
    objects = known_to_entra(town.tenant, *devices)
    monkeypatch.setattr(group_work, "FILLS_FOR", timedelta(0))
    town.started(GEOGEBRA, owner=group)

    apply.work(NOW, most=1)
    first = Operation.objects.get(kind="group")
    assert (first.problem, first.shown_status, first.attempts) == ("filling", "sent", 0)
    apply.work(LATER)

    group.refresh_from_db()
    assert members(town.tenant, group.entra_group_id) == set(objects)
    assert Operation.objects.get(kind="group").attempts == 1
    assert len(town.tenant.calls(method="PATCH", path_contains=f"/groups/{group.entra_group_id}")) == 3
