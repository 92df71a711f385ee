"""Roll-outs through the ledger and the sandbox: at each step every computer has what it had or what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from deployments.models import ChangeSet, Rollout
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from deployments.targets import INTENT_PRECEDENCE
from fleet.models import Device
from intune_sync import services
from intune_sync.payloads.aims import group_of, intent_of, is_exclusion
from intune_sync.push import apply, ledger, reconcile, rings
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import directory, known_to_entra, members
from tests.pushing import GEOGEBRA, Tenant, Town

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def all_known(town: Town) -> list[Device]:
    devices = list(Device.objects.order_by("pk"))
    known_to_entra(town.tenant, *devices)
    return list(Device.objects.order_by("pk"))


def planned(town: Town, change_set: ChangeSet, shares: tuple[int, ...] = (50, 100), **how: Any) -> Rollout:
    how = {"shares": shares, "least_per_model": 1, "soak_hours": 0, "gate": "by_hand", **how}
    return rollouts.plan_rollout(change_set, Settings(**how), by=town.requester, now=NOW)


def start(town: Town, rollout: Rollout) -> Rollout:
    return rollouts.start(rollout, by=town.requester, now=NOW, put_in_force=services.put_in_force)


def carry(rollout: Rollout, now: datetime) -> None:
    """What the beat, the sweep and the workers do until nothing is left to do now."""
    for _ in range(4):
        rollouts.advance(now)
        rings.sweep(now)
        reconcile.sweep(now)
        ledger.sweep(now)
        apply.work(now, most=100)
    rollout.refresh_from_db()


def let_through(town: Town, rollout: Rollout, now: datetime) -> None:
    rollouts.pass_ring(rollout, by=town.approver, now=now, reason="Prov")
    carry(rollout, now)


def statuses(rollout: Rollout) -> list[str]:
    return list(rollout.rings.order_by("number").values_list("status", flat=True))


def given(tenant: Tenant, name: str, device: Device) -> str | None:
    """What Intune gives the computer: from the sandbox's lists and the members of its static groups; of the dynamic
    groups the portal's own tables say who is in them."""
    groups = {str(group) for group in _dynamic(device)}
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for raw in tenant.assignments(name):
        group = group_of(raw)
        if group in groups or (group and _is_static(tenant, group) and _object(device) in members(tenant, group)):
            found[is_exclusion(raw)].add(intent_of(raw))
    return next((intent for intent in INTENT_PRECEDENCE if intent in found[False] - found[True]), None)


def _dynamic(device: Device) -> Iterable[object]:
    school = device.school
    if school:
        yield from (school.entra_group_id, school.school_form.entra_group_id)
        yield school.administration.municipality.entra_group_id


def _is_static(tenant: Tenant, group: str) -> bool:
    return not directory(tenant, f"groups/{group}").get("groupTypes")


def _object(device: Device) -> str:
    return str(Device.objects.get(pk=device.pk).entra_object_id)


def test_a_new_app_reaches_ring_after_ring_and_leaves_nothing_of_the_rings(town: Town):
    devices = all_known(town)
    rollout = start(town, planned(town, town.approved(GEOGEBRA)))
    assert rollout.status == "running"
    assert town.tenant.writes() == []

    carry(rollout, NOW)

    first = set(rollout.rings.get(number=1).members.values_list("device", flat=True))
    assert statuses(rollout) == ["open", "planned"]
    assert 0 < len(first) < 9
    assert {each.pk for each in devices if given(town.tenant, GEOGEBRA, each) == "required"} == first
    assert not rollout.change_set.changes.filter(written_at__isnull=False).exists()

    let_through(town, rollout, NOW + HOUR)

    assert statuses(rollout) == ["passed", "passed"]
    assert (rollout.status, rollout.change_set.status) == ("done", "applied")
    gymnasium = {each.pk for each in devices if each.school.school_form == town.gymnasium}
    assert {each.pk for each in devices if given(town.tenant, GEOGEBRA, each) == "required"} == gymnasium
    assert left_in_entra(town.tenant) == []


def left_in_entra(tenant: Tenant) -> list[str]:
    found = directory(tenant, "groups?$top=500&$select=mailNickname")["value"]
    return [raw["mailNickname"] for raw in found if raw["mailNickname"].startswith("terminsklar-ring-")]
