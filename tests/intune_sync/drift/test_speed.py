"""Looking for differences costs as many queries for many computers as for few."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.models import Device
from intune_sync.drift.detect import detect
from intune_sync.models import GroupMember, IntuneGroup, KeptGroup, SyncRun
from intune_sync.push.kept_groups import members_digest
from schools.clock import shared_now
from schools.models import ClassGroup
from tests import factories
from tests.intune_sync.drift.foreign import RESOURCES, Portal
from tests.intune_sync.test_kept_groups import a_class, known_to_entra
from tests.pushing import GEOGEBRA

pytestmark = pytest.mark.django_db


def more_computers(group: ClassGroup, number: int) -> None:
    """In the class group, and in its group in Entra."""
    for _ in range(number):
        ids = {"entra_device_id": uuid4(), "entra_object_id": uuid4()}
        factories.device(group.school, class_group=group, **ids)
    row = IntuneGroup.objects.get(graph_id=group.entra_group_id)
    here = Device.objects.filter(class_group=group)
    inside = set(row.members.values_list("object_id", flat=True))
    new = [each for each in here.values_list("entra_object_id", flat=True) if each not in inside]
    GroupMember.objects.bulk_create([GroupMember(group=row, object_id=each) for each in new])
    digest = members_digest(here.values_list("entra_device_id", flat=True))
    KeptGroup.objects.filter(profile__class_group=group).update(members_digest=digest)


def queries(runs: list[SyncRun]) -> list[int]:
    """Of looking again after each, when what there is to find has been found."""
    found = []
    for run in runs:
        detect(run, shared_now())
        with CaptureQueriesContext(connection) as made:
            detect(run, shared_now())
        found.append(len(made))
    return found


def test_number_of_queries_does_not_grow_with_the_computers(portal: Portal):
    group, devices = a_class(portal.town, 2)
    known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    group.refresh_from_db()
    portal.settle()
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[portal.to_school("GY-RONN")])
    runs = portal.read(*RESOURCES)
    Device.objects.filter(pk=devices[0].pk).update(class_group=None)
    more_computers(group, 1)  # so that somebody is in the group who does not belong there
    few = queries(runs)
    assert [item.kind for item in portal.items] == ["foreign", "members"]

    more_computers(group, 60)

    assert queries(runs) == few
    assert [item.kind for item in portal.items] == ["foreign", "members"]
