"""Each kind of difference, made in Intune by another administrator, is found once and told in the right words."""

from __future__ import annotations

import pytest

from intune_sync.drift.reach import devices_of
from intune_sync.models import AssignmentFilter, DriftItem, IntuneApp, KeptGroup, OwnedAssignment
from intune_sync.payloads import assignment_for
from intune_sync.payloads.aims import FILTER_ID, FILTER_TYPE
from schools.models import Notification
from tests.intune_sync.drift.foreign import SOMEBODY, Portal, said
from tests.intune_sync.test_kept_groups import a_class, directory, known_to_entra
from tests.pushing import GEOGEBRA

pytestmark = pytest.mark.django_db


def found_once(portal: Portal, kind: str) -> DriftItem:
    """After further readings too."""
    item = portal.item
    assert item.kind == kind
    portal.read_twice("groups", "filters", "apps")
    assert [each.pk for each in portal.items] == [item.pk]
    return item


def test_what_others_assigned_at_the_start_is_listed_and_the_takeover_is_not(portal: Portal):
    names = set(DriftItem.objects.values_list("kind", "app__display_name"))

    assert names == {
        ("foreign", "Safe Exam Browser"),
        ("foreign", "Python 3"),
        ("foreign", "PaperCut Print Deploy"),
        ("foreign", "Mozilla Firefox"),
        ("foreign", "Microsoft 365 för Mac"),
    }


def test_an_assignment_of_somebody_else(portal: Portal):
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[portal.to_school("GY-RONN")])

    portal.read("apps")

    item = found_once(portal, "foreign")
    assert said(item) == ("Nothing is decided for Gy-Ronn.", "Required: Gy-Ronn.")
    assert (item.acted_by, item.acted_at is not None) == (SOMEBODY, True)
    assert devices_of(item.reach).count() == 3
    assert list(item.schools.all()) == [portal.town.schools["GY-RONN"]]


def test_an_assignment_to_all_devices_reaches_every_computer(portal: Portal):
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[assignment_for("allDevices", None, "required")])

    portal.read("apps")

    item = found_once(portal, "foreign")
    assert said(item)[1] == "Required: all devices."
    assert devices_of(item.reach).count() == 12


def test_a_changed_intent(portal: Portal):
    version, ours = portal.ours()
    other = "available" if ours["intent"] == "required" else "required"
    changed = assignment_for("group", ours["target"]["groupId"], other)
    portal.instead(version, ours, changed)

    portal.read("apps")

    item = found_once(portal, "intent")
    assert item.before["intent"] == ours["intent"]
    assert item.after["intent"] == other
    assert item.acted_by == SOMEBODY


def test_an_assignment_of_ours_taken_away(portal: Portal):
    version, ours = portal.ours()
    portal.somebody(app_id=str(version.intune_app_id), remove=[ours["id"]])

    portal.read("apps")

    item = found_once(portal, "missing")
    assert said(item)[1] == "Nothing."


def test_a_filter_on_an_assignment_of_ours(portal: Portal):
    version, ours = portal.ours()
    filter_id = str(AssignmentFilter.objects.order_by("pk").first().graph_id)
    narrowed = {**ours, "target": {**ours["target"], FILTER_ID: filter_id, FILTER_TYPE: "include"}}
    portal.instead(version, ours, narrowed)

    portal.read("apps")

    item = found_once(portal, "narrowed")
    assert "only the computers of the filter" in said(item)[1]


def test_a_filter_whose_rule_was_changed(portal: Portal):
    used = next(item.after["filter_id"] for item in DriftItem.objects.open() if (item.after or {}).get("filter_id"))
    before = AssignmentFilter.objects.get(graph_id=used).rule
    portal.somebody(filter_id=used, change={"rule": '(device.model -eq "Latitude 3120")'})

    portal.read("filters")

    item = found_once(portal, "filter")
    assert item.before["rule"] == before
    assert said(item)[1] == 'The rule: (device.model -eq "Latitude 3120")'
    assert item.acted_by == SOMEBODY


def test_a_filter_that_nobody_uses_may_change(portal: Portal):
    unused = AssignmentFilter.objects.exclude(graph_id__in=_used()).first()
    portal.somebody(filter_id=str(unused.graph_id), change={"rule": '(device.model -eq "Latitude 3120")'})

    portal.read("filters")

    assert portal.items == []


def _used() -> list[str]:
    return [item.after["filter_id"] for item in DriftItem.objects.open() if (item.after or {}).get("filter_id")]


def test_a_deleted_app(portal: Portal):
    version, _ours = portal.ours()
    portal.somebody(app_id=str(version.intune_app_id), delete=True)

    portal.read("apps")
    assert portal.items == []  # one answer without it may be a fault
    portal.read("apps")

    item = found_once(portal, "app_gone")
    assert item.app_version == version
    assert item.acted_by == SOMEBODY


def test_an_app_replaced_by_another_of_the_same_name(portal: Portal):
    version, _ours = portal.ours()
    new = portal.somebody(app_id=str(version.intune_app_id), replace=True)

    portal.read_twice("apps")

    item = found_once(portal, "app_replaced")
    assert item.after["app_id"] == new["id"]
    assert item.before["app_id"] == str(version.intune_app_id)


def test_a_group_of_a_school_that_was_removed(portal: Portal):
    school = portal.town.schools["GY-RONN"]
    portal.somebody(group_id=str(school.entra_group_id), delete=True)

    portal.read_twice("groups")

    item = portal.item
    assert item.kind == "group_gone"
    assert "[OrderID]:GY-RONN" in said(item)[0]
    portal.read_twice("groups")
    assert [each.pk for each in portal.items] == [item.pk]


def test_an_edited_membership_rule(portal: Portal):
    school = portal.town.schools["GY-RONN"]
    rule = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-TEKN"))'
    portal.somebody(group_id=str(school.entra_group_id), rule=rule)

    portal.read("groups")

    item = found_once(portal, "rule")
    assert "[OrderID]:GY-RONN" in said(item)[0]
    assert said(item)[1] == f"The rule: {rule}"
    assert devices_of(item.reach).count() == 3


def test_a_rule_that_means_the_same_is_no_difference(portal: Portal):
    school = portal.town.schools["GY-RONN"]
    rule = '(device.devicePhysicalIds   -any (_ -EQ "[OrderID]:GY-RONN"))'
    portal.somebody(group_id=str(school.entra_group_id), rule=rule)

    portal.read("groups")

    assert portal.items == []


def test_members_of_a_kept_group_changed_by_hand(portal: Portal):
    group, devices = a_class(portal.town, 2)
    objects = known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    group.refresh_from_db()
    stranger = directory(portal.town.tenant, "devices?$top=60&$select=id")["value"][30]["id"]
    portal.settle()

    portal.somebody(group_id=str(group.entra_group_id), add_members=[stranger], remove_members=[objects[0]])
    portal.read_twice("groups")

    item = found_once(portal, "members")
    assert (item.after["came"], item.after["went"]) == ([stranger], [objects[0]])
    assert str(devices[0]) in said(item)[1]
    assert KeptGroup.objects.get().member_count == 2


def test_a_computer_that_moves_in_the_portal_is_no_difference(portal: Portal):
    group, devices = a_class(portal.town, 2)
    known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    portal.settle()

    devices[0].class_group = None
    devices[0].save()

    portal.read_twice("groups")

    assert portal.items == []


def test_one_message_for_all_that_a_run_found(portal: Portal):
    Notification.objects.all().delete()
    app = portal.town.tenant.app_id("GIMP")
    portal.somebody(app_id=app, add=[portal.to_school("GY-RONN"), portal.to_school("GY-TEKN")])

    portal.read_twice("apps")

    told = Notification.objects.filter(user=portal.town.requester, kind="drift.found")
    assert [row.data["count"] for row in told] == [2]


def test_what_the_portal_has_still_to_write_is_no_difference(portal: Portal):
    portal.town.started("GIMP")
    portal.read("apps")
    assert portal.items == []

    portal.write()
    portal.read("apps")

    assert portal.items == []
    assert OwnedAssignment.objects.filter(app_version__application__name="GIMP").exists()


def test_nothing_is_told_before_anything_is_decided(portal: Portal):
    revision = portal.town.baseline.revisions.get()
    type(revision).objects.filter(pk=revision.pk).update(status="superseded")
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), add=[portal.to_school("GY-RONN")])

    portal.read("apps")

    assert portal.items == []
    assert IntuneApp.objects.get(display_name="GIMP").assignments.count() == 1
