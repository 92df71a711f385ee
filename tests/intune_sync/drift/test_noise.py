"""What comes and goes by itself in Intune is no difference."""

from __future__ import annotations

import random
from typing import Any

import pytest

from deployments.services import rollouts
from fleet.models import Device
from intune_sync import services
from intune_sync.models import AssignmentFilter, DriftItem, IntuneGroup
from schools.clock import shared_now
from tests.intune_sync.drift.foreign import RESOURCES, Portal
from tests.intune_sync.test_kept_groups import known_to_entra
from tests.intune_sync.test_rings import carry, let_through, planned

pytestmark = pytest.mark.django_db
DAYS = 30
SETTINGS = {
    "@odata.type": "#microsoft.graph.win32LobAppAssignmentSettings",
    "notifications": "showAll",
    "deliveryOptimizationPriority": "notConfigured",
    "installTimeSettings": None,
    "restartSettings": None,
}


def test_a_month_of_noise_makes_no_difference(portal: Portal):
    """Computers live, lists come in another order with other ids and settings, things are renamed, and everything is
    read each day."""
    chance = random.Random(5)

    for day in range(DAYS):
        _a_day(portal, day, chance)
        portal.read(*RESOURCES)

    assert portal.items == []
    assert DriftItem.objects.open().count() == len(portal.at_start)
    assert set(DriftItem.objects.open().values_list("episode", flat=True)) == {1}


def test_a_roll_out_in_all_that_noise_makes_none_either(portal: Portal):
    town, chance = portal.town, random.Random(6)
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    rollout = planned(town, town.approved("GIMP"))
    rollouts.start(rollout, by=town.requester, now=shared_now(), put_in_force=services.put_in_force)

    for day in range(10):
        _a_day(portal, day, chance)
        portal.read(*RESOURCES)
        carry(rollout, shared_now())
        portal.read(*RESOURCES)
        if day in (3, 6):
            let_through(town, rollout, shared_now())

    assert (rollout.status, portal.items) == ("done", [])


def _a_day(portal: Portal, day: int, chance: random.Random) -> None:
    portal.town.tenant.sandbox.advance(86_400)
    apps = [app for app, raws in portal.town.tenant.everything().items() if raws]
    for app in chance.sample(apps, 4):
        portal.somebody(app_id=app, assignments=_as_graph_may_tell(portal, app, chance))
    _rename(portal, day, chance)


def _as_graph_may_tell(portal: Portal, app: str, chance: random.Random) -> list[dict[str, Any]]:
    """The same list, in another order, with ids and settings that somebody's page has filled in."""
    is_win32 = "win32" in next(each["@odata.type"] for each in portal.town.tenant.apps.values() if each["id"] == app)
    raws = [{key: value for key, value in raw.items() if key != "id"} for raw in portal.town.tenant.everything()[app]]
    chance.shuffle(raws)
    return [{**raw, "settings": SETTINGS} if is_win32 and chance.random() < 0.5 else raw for raw in raws]


def _rename(portal: Portal, day: int, chance: random.Random) -> None:
    if day % 5 == 0:
        app = chance.choice(sorted(portal.town.tenant.apps))
        portal.somebody(app_id=portal.town.tenant.app_id(app), rename=f"{app} ({day})")
    if day % 7 == 0:
        group = IntuneGroup.objects.exclude(membership_rule="").order_by("pk")[day % 9]
        portal.somebody(group_id=str(group.graph_id), rename=f"Grupp {day}")
    if day % 9 == 0:
        row = AssignmentFilter.objects.order_by("pk")[day % 2]
        portal.somebody(filter_id=str(row.graph_id), change={"displayName": f"Filter {day}", "rule": f" {row.rule}"})
