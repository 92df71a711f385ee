"""`assign` replaces; what others wrote survives only when it is sent along."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess


def required(group_id: str, **more: Any) -> dict[str, Any]:
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id, **more}
    return {"@odata.type": "#microsoft.graph.mobileAppAssignment", "intent": "required", "target": target}


def excluded(group_id: str, intent: str = "required") -> dict[str, Any]:
    target = {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": group_id}
    return {"intent": intent, "target": target}


def assign(graph: GraphCaller, app: str, assignments: list[Any], version: str = "beta") -> int:
    path = f"/{version}/deviceAppManagement/mobileApps/{app}/assign"
    return graph("POST", path, {"mobileAppAssignments": assignments}).status_code


def assignments(graph: GraphCaller, app: str, version: str = "beta") -> list[Any]:
    return graph.pages(f"/{version}/deviceAppManagement/mobileApps/{app}/assignments")


def test_assign_replaces_the_whole_list(graph: GraphCaller) -> None:
    app, ronn = graph.app("Google Chrome"), graph.group("terminsklar-school-gy-ronn")

    assert assign(graph, app, [required(ronn)]) == 204
    assert [item["target"]["groupId"] for item in assignments(graph, app)] == [ronn]


def test_foreign_assignment_survives_when_it_is_sent_back_as_read(graph: GraphCaller) -> None:
    app, form = graph.app("GeoGebra Klassisk 6"), graph.group("terminsklar-form-gymnasieskola")
    (foreign,) = assignments(graph, app)

    assert assign(graph, app, [foreign, required(form)]) == 204
    assert assignments(graph, app)[0] == foreign
    assert foreign["target"]["deviceAndAppManagementAssignmentFilterType"] == "include"


def test_geogebra_starts_without_the_upper_secondary_schools(graph: GraphCaller) -> None:
    (foreign,) = assignments(graph, graph.app("GeoGebra Klassisk 6"))

    assert foreign["intent"] == "available"
    assert foreign["target"]["groupId"] == graph.group("lararpilot")


def test_v1_hides_filters_and_refuses_to_take_them(graph: GraphCaller) -> None:
    app = graph.app("GeoGebra Klassisk 6")

    (shown,) = assignments(graph, app, "v1.0")
    assert set(shown["target"]) == {"@odata.type", "groupId"}
    assert assign(graph, app, assignments(graph, app), "v1.0") == 400


def test_intune_fills_in_the_defaults_of_settings(graph: GraphCaller) -> None:
    app, ronn = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    settings = {"@odata.type": "#microsoft.graph.win32LobAppAssignmentSettings", "notifications": "hideAll"}

    assign(graph, app, [{**required(ronn), "settings": settings}])
    (kept,) = assignments(graph, app)
    assert kept["settings"]["notifications"] == "hideAll"
    assert kept["settings"]["deliveryOptimizationPriority"] == "notConfigured"


@pytest.mark.parametrize(
    "case", ["unknown group", "twice", "no type", "lonely exclusion", "other intent", "filter", "intent"]
)
def test_assign_refuses_a_bad_list_and_keeps_the_old_one(graph: GraphCaller, case: str) -> None:
    app, ronn = graph.app("Audacity"), graph.group("terminsklar-school-gy-ronn")
    before = assignments(graph, app)
    filtered = {
        "deviceAndAppManagementAssignmentFilterId": "0" * 36,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    bad = {
        "unknown group": [required("6f1d3c1a-0000-4d58-9b0b-3d0d2a9c4e11")],
        "twice": [required(ronn), {**required(ronn), "intent": "available"}],
        "no type": [{"intent": "required", "target": {"groupId": ronn}}],
        "lonely exclusion": [excluded(ronn)],
        "other intent": [required(graph.group("terminsklar-all")), excluded(ronn, "available")],
        "filter": [required(ronn, **filtered)],
        "intent": [{**required(ronn), "intent": "wanted"}],
    }
    assert assign(graph, app, bad[case]) == 400
    assert assignments(graph, app) == before


def test_app_that_is_not_published_cannot_be_assigned(graph: GraphCaller) -> None:
    assert assign(graph, graph.app("Krita"), [required(graph.group("terminsklar-all"))]) == 400


def test_single_assignment_is_added_and_removed_by_its_id(graph: GraphCaller) -> None:
    app, ronn = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    path = f"/beta/deviceAppManagement/mobileApps/{app}/assignments"

    added = graph("POST", path, required(ronn)).json()
    assert added["id"] == f"{ronn}_1_0"
    assert graph("DELETE", f"{path}/{added['id']}").status_code == 204
    assert assignments(graph, app) == []


def test_apps_of_beta_only_types_are_missing_in_v1(graph: GraphCaller) -> None:
    office = graph.app("Microsoft 365-appar för företag")

    ids = {app["id"] for app in graph.pages("/v1.0/deviceAppManagement/mobileApps")}
    assert office not in ids
    assert graph("GET", f"/v1.0/deviceAppManagement/mobileApps/{office}").status_code == 404


def test_another_administrator_can_write_between_our_read_and_write(
    sandbox: SandboxProcess, graph: GraphCaller
) -> None:
    app, ronn = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    when = {"after_method": "GET", "path_contains": f"{app}/assignments"}
    sandbox.post("/sandbox/foreign", {"app_id": app, "add": [required(ronn)], "when": when})

    assert assignments(graph, app) == []
    assert len(assignments(graph, app)) == 1
    assert len(sandbox.get("/sandbox/assignments")[app]) == 1


def test_audit_events_tell_apps_from_people(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    app, ronn = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    assign(graph, app, [required(ronn)])
    sandbox.post("/sandbox/foreign", {"app_id": app, "assignments": []})

    ours, theirs = graph.pages("/v1.0/deviceManagement/auditEvents")[-2:]
    assert ours["actor"]["applicationId"] == sandbox.client_id
    assert theirs["actor"]["userPrincipalName"]
    assert theirs["resources"][0]["resourceId"] == app
