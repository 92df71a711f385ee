"""Another administrator: apps, filters and groups change behind the portal's back, and Intune's audit names who."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_assignments import assign, required
from tests.sandbox_process import SandboxProcess

BETA_APPS = "/beta/deviceAppManagement/mobileApps"
ZIP = "bd78c513-9370-5b1f-a6e3-a0af4d7bd466"


@pytest.fixture
def tenant(own_sandbox: Any) -> GraphCaller:
    """A sandbox that may be changed for good."""
    return GraphCaller(own_sandbox(devices=120))


def foreign(graph: GraphCaller, **order: Any) -> Any:
    return graph.sandbox.post("/sandbox/foreign", order)


def latest_event(graph: GraphCaller) -> Any:
    return graph.pages("/v1.0/deviceManagement/auditEvents")[-1]


def test_app_is_replaced_by_another_of_the_same_name(tenant: GraphCaller) -> None:
    old = tenant.app("GIMP")
    new = foreign(tenant, app_id=old, replace=True, by="ada@tenant.example")["id"]

    assert tenant("GET", f"{BETA_APPS}/{old}").status_code == 404
    assert tenant.app("GIMP") == new != old
    assert latest_event(tenant)["actor"]["userPrincipalName"] == "ada@tenant.example"


def test_new_version_stands_beside_the_old_one_and_fails_where_it_is_said_to(tenant: GraphCaller) -> None:
    old, model = tenant.app("7-Zip"), "Latitude 3140"
    bad = {"version": "25.00", "failure_rate": 0, "failure_by_model": {model: 1}}
    new = foreign(tenant, app_id=old, new_version=bad)["id"]
    named = [each for each in tenant.pages(BETA_APPS) if each["displayName"] == "7-Zip"]
    assert {each["id"]: each["displayVersion"] for each in named} == {old: "24.08", new: "25.00"}

    assign(tenant, new, [required(tenant.group("terminsklar-all"))])
    tenant.live(10 * 3600)

    models = {each["id"]: each["model"] for each in tenant.pages("/v1.0/devices?$select=id,model")}
    tried = {
        computer: each["state"]
        for computer, each in tenant.sandbox.get(f"/sandbox/installs?app_id={new}").items()
        if each["attempts"]
    }
    assert len(tried) > 60
    assert {models[computer] for computer, state in tried.items() if state == "failed"} == {model}
    assert all(state == "installed" for computer, state in tried.items() if models[computer] != model)


def test_app_is_renamed_and_deleted(tenant: GraphCaller) -> None:
    app = tenant.app("VLC media player")
    foreign(tenant, app_id=app, rename="VLC 4")
    assert tenant("GET", f"{BETA_APPS}/{app}").json()["displayName"] == "VLC 4"

    foreign(tenant, app_id=app, delete=True)
    assert app not in {each["id"] for each in tenant.pages(BETA_APPS)}
    assert latest_event(tenant)["activityType"] == "Delete MobileApp"
    tenant.sandbox.advance(86_400)
    assert tenant.sandbox.get("/sandbox/state")["apps"] > 0


def test_filter_is_changed_and_the_audit_holds_both_rules(tenant: GraphCaller) -> None:
    item = tenant("GET", "/beta/deviceManagement/assignmentFilters").json()["value"][0]
    foreign(tenant, filter_id=item["id"], change={"rule": '(device.model -startsWith "HP")'})

    (change,) = [
        each for each in latest_event(tenant)["resources"][0]["modifiedProperties"] if each["displayName"] == "rule"
    ]
    assert (change["oldValue"], change["newValue"]) == (item["rule"], '(device.model -startsWith "HP")')


def test_group_members_change_between_read_and_write(tenant: GraphCaller) -> None:
    group = tenant.group("lararpilot")
    path = f"/v1.0/groups/{group}/members"
    member = tenant("GET", path).json()["value"][0]["id"]
    when = {"before_method": "POST", "path_contains": "/members/$ref"}
    foreign(tenant, group_id=group, remove_members=[member], when=when)

    assert member in {each["id"] for each in tenant.pages(path)}
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{member}"}
    assert tenant("POST", f"{path}/$ref", body).status_code == 204


def test_dynamic_rule_is_edited_by_somebody(tenant: GraphCaller) -> None:
    group = tenant.group("terminsklar-school-gy-ronn")
    foreign(tenant, group_id=group, rule='(device.deviceOSType -eq "MacMDM")')
    tenant.sandbox.advance(600)

    assert {each["operatingSystem"] for each in tenant.pages(f"/v1.0/groups/{group}/members")} <= {"MacMDM"}


def test_assignment_to_a_deleted_group_may_stay_in_the_list(tenant: GraphCaller) -> None:
    app = tenant.app("PaperCut Print Deploy")
    listed = tenant("GET", f"{BETA_APPS}/{app}/assignments").json()["value"]
    excluded = next(item for item in listed if "exclusion" in item["target"]["@odata.type"])
    group = excluded["target"]["groupId"]
    assert tenant("DELETE", f"/v1.0/groups/{group}").status_code == 204

    kept = [{name: item[name] for name in ("intent", "target", "settings")} for item in listed]
    assert tenant("POST", f"{BETA_APPS}/{app}/assign", {"mobileAppAssignments": kept}).status_code == 204
    assert tenant("GET", f"/v1.0/groups/{group}").status_code == 404


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"app_id": "x", "delete": True},
        {"group_id": "x"},
        {"app_id": "x", "add": [], "when": {"x": 1}},
        {"app_id": ZIP, "new_version": {"colour": "red"}},
    ],
)
def test_order_that_cannot_be_carried_out_is_refused(sandbox: SandboxProcess, order: Any) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.post("/sandbox/foreign", order)
