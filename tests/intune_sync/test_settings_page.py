"""Filters and Autopilot profiles on a page: names as they are, and which apps a filter narrows."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from intune_sync.models import AssignmentFilter, AutopilotProfile, IntuneApp
from intune_sync.previews import notices
from tests import factories
from tests.intune_sync.fleet_answers import guid

pytestmark = pytest.mark.django_db


def narrowed(name: str, filter_id: str) -> None:
    app = IntuneApp.objects.create(graph_id=guid(sum(map(ord, name))), display_name=name, app_type="win32LobApp")
    target = {
        "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget",
        "deviceAndAppManagementAssignmentFilterId": filter_id,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    app.assignments.create(graph_id=name, key=name, intent="required", raw={"target": target})


def page(client: Client) -> str:
    client.force_login(factories.person("it_admin"))
    return client.get(reverse("intune_sync:settings")).content.decode()


def test_filter_tells_its_rule_and_the_apps_that_it_narrows(client: Client) -> None:
    AssignmentFilter.objects.create(graph_id=guid(1), display_name="<i>20-serien", rule='(device.model -eq "20")')
    narrowed("GeoGebra", guid(1).upper())

    shown = page(client)

    assert "&lt;i&gt;20-serien" in shown
    assert "GeoGebra" in shown and "device.model" in shown


def test_assignment_that_names_a_filter_that_is_gone_is_pointed_out(client: Client) -> None:
    AssignmentFilter.objects.create(graph_id=guid(1), display_name="Gone", missing_since=factories.NOW)
    narrowed("GeoGebra", guid(1))

    assert "inte längre finns i Intune: GeoGebra" in page(client)


def test_profile_of_an_unknown_kind_is_shown_as_it_is(client: Client) -> None:
    AutopilotProfile.objects.create(graph_id=guid(2), display_name="Skoldator", usage="holographic")

    assert "holographic" in page(client)


def test_the_list_of_apps_names_the_filter_of_an_assignment(client: Client) -> None:
    AssignmentFilter.objects.create(graph_id=guid(1), display_name="20-serien", rule="x")
    narrowed("GeoGebra", guid(1).upper())
    IntuneApp.objects.create(graph_id=guid(7), display_name="GIMP", app_type="win32LobApp")
    client.force_login(factories.person("it_admin"))
    client.cookies["django_language"] = "en"

    shown = client.get(reverse("intune_sync:app_list")).content.decode()

    assert shown.count("Narrowed by 20-serien") == 1


def test_a_preview_names_the_filter_of_what_is_kept() -> None:
    AssignmentFilter.objects.create(graph_id=guid(1), display_name="20-serien", rule="x")
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": guid(3),
        "deviceAndAppManagementAssignmentFilterId": guid(1),
        "deviceAndAppManagementAssignmentFilterType": "exclude",
    }
    plan = {
        "changes": [{"name": "GeoGebra 6"}, {"name": "GIMP"}],
        "calls": [
            {"body": {"mobileAppAssignments": [{"intent": "required", "target": target}]}},
            {"body": {"mobileAppAssignments": []}},
        ],
    }
    change_set = factories.change_set("planned", plan=plan)

    with translation.override("en"):
        told = [sentence for _blocks, sentence in notices(change_set)]

    assert told == ["GeoGebra 6: an assignment that is kept reaches only the computers that “20-serien” lets through."]
