"""Changes of different apps that need the same group, which is not in Entra yet."""

from __future__ import annotations

import pytest

from deployments.models import ChangeSet, Rollout
from deployments.services import rollouts
from deployments.services.profiles import profile_of
from fleet.models import Device
from intune_sync import services
from intune_sync.models import Operation
from intune_sync.push import apply, rings
from schools.models import ClassGroup
from tests import factories
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import groups_named
from tests.intune_sync.test_rings import (
    HOUR,
    carry,
    given,
    planned,
    start,
    town,  # noqa: F401  (fixture)
    work,
)
from tests.pushing import GEOGEBRA, Town, devices_at

pytestmark = pytest.mark.django_db


def a_class(town: Town) -> ClassGroup:  # noqa: F811
    school = town.schools["GY-RONN"]
    group = factories.class_group(school, "NA1a")
    Device.objects.filter(school=school).update(class_group=group)
    return group


def test_roll_out_waits_for_a_change_that_is_creating_its_group(town: Town):  # noqa: F811
    group = a_class(town)
    first = town.started("GIMP", owner=group)
    second = start(town, planned(town, town.approved(GEOGEBRA, owner=group), 50, 100))
    assert second.status == "queued"
    assert rollouts.waits_for(second, NOW).others == (first,)
    assert services.start_due(NOW) == 0

    apply.work(NOW, most=100)

    assert ChangeSet.objects.get(pk=first.pk).status == "applied"
    assert rollouts.waits_for(second, NOW) is None


def test_two_last_rings_create_one_group_between_them(town: Town):  # noqa: F811
    group = a_class(town)
    first, second = (
        carry(start(town, planned(town, town.approved(name, owner=group), 50, 100))) for name in ("GIMP", GEOGEBRA)
    )
    for rollout in (first, second):
        rollouts.pass_ring(rollout, by=town.approver, now=NOW, reason="Prov")
    rollouts.advance(NOW + HOUR)

    rings.sweep(NOW + HOUR)

    assert Operation.objects.get(kind="group", profile=profile_of(group)).change_set == first.change_set
    assert not Operation.objects.filter(change_set=second.change_set, stage=2).exists()
    for _turn in range(2):
        work(NOW + HOUR)
    assert set(Rollout.objects.values_list("status", flat=True)) == {"done"}
    assert len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1
    for name in ("GIMP", GEOGEBRA):
        assert {pk for pk, got in given(town.tenant, name).items() if got} == devices_at(group.school)
