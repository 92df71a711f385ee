"""Apps and filters as clients change them: types named, read-only left alone, nothing deleted that is in use."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller

APPS = "/beta/deviceAppManagement/mobileApps"
FILTERS = "/beta/deviceManagement/assignmentFilters"
WINGET = {
    "@odata.type": "#microsoft.graph.winGetApp",
    "displayName": "Notepad++",
    "publisher": "Don Ho",
    "packageIdentifier": "XP9M",
    "owner": "IT",
    "installExperience": {"runAsAccount": "user"},
}


@pytest.fixture
def tenant(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=60))


def target(graph: GraphCaller) -> dict[str, str]:
    return {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": graph.group("lararpilot")}


def test_package_is_published_in_three_steps_and_not_assigned_before(tenant: GraphCaller) -> None:
    app = tenant("POST", APPS, WINGET).json()
    body = {"mobileAppAssignments": [{"intent": "required", "target": target(tenant)}]}
    states, statuses = [app["publishingState"]], [tenant("POST", f"{APPS}/{app['id']}/assign", body).status_code]

    for seconds in (10, 600):
        tenant.sandbox.advance(seconds)
        states.append(tenant("GET", f"{APPS}/{app['id']}").json()["publishingState"])
        statuses.append(tenant("POST", f"{APPS}/{app['id']}/assign", body).status_code)
    assert states == ["notPublished", "processing", "published"]
    assert statuses == [400, 400, 204]
    assert (app["owner"], app["installExperience"]) == ("IT", {"runAsAccount": "user"})


def test_publishing_can_be_stuck(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"publishing": "stuck"})
    app = tenant("POST", APPS, WINGET).json()["id"]

    tenant.sandbox.advance(86_400)
    tenant.sign_in()
    assert tenant("GET", f"{APPS}/{app}").json()["publishingState"] == "processing"


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "x"},
        {"@odata.type": "#microsoft.graph.webApp", "displayName": "x"},
        {"@odata.type": "#microsoft.graph.win32LobApp", "publishingState": "published"},
        {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": 5},
    ],
    ids=["no type", "other type", "read-only", "wrong kind"],
)
def test_change_of_an_app_is_refused(tenant: GraphCaller, body: Any) -> None:
    assert tenant("PATCH", f"{APPS}/{tenant.app('GIMP')}", body).status_code == 400


def test_app_is_changed_and_deleted(tenant: GraphCaller) -> None:
    path = f"{APPS}/{tenant.app('GIMP')}"
    body = {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": "GIMP 3", "installCommandLine": "x /S"}

    assert tenant("PATCH", path, body).json()["installCommandLine"] == "x /S"
    assert [tenant("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert tenant("POST", f"{path}/assign", {"mobileAppAssignments": []}).status_code == 404


def test_filter_lives_from_creation_to_deletion(tenant: GraphCaller) -> None:
    body = {"displayName": "HP", "platform": "windows10AndLater", "rule": '(device.manufacturer -eq "HP")'}
    made = tenant("POST", FILTERS, body).json()["id"]

    assert tenant("PATCH", f"{FILTERS}/{made}", {"description": "Nya"}).status_code == 204
    assert tenant("GET", f"{FILTERS}/{made}").json()["description"] == "Nya"
    assert tenant("PATCH", f"{FILTERS}/{made}", {"platform": "macOS"}).status_code == 400
    assert tenant("POST", FILTERS, {**body, "rule": "nonsense"}).status_code == 400
    assert [tenant("DELETE", f"{FILTERS}/{made}").status_code for _ in range(2)] == [204, 404]


def test_filter_in_use_cannot_be_deleted(tenant: GraphCaller) -> None:
    item = next(each for each in tenant.pages(FILTERS) if each["displayName"] == "Surface-datorer")

    assert tenant("DELETE", f"{FILTERS}/{item['id']}").status_code == 400


def test_assignments_are_read_as_before_until_the_lag_is_over(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"assignments_lag_seconds": 30})
    path = f"{APPS}/{tenant.app('GIMP')}"
    tenant("POST", f"{path}/assign", {"mobileAppAssignments": [{"intent": "required", "target": target(tenant)}]})

    assert tenant("GET", f"{path}/assignments").json()["value"] == []
    tenant.sandbox.advance(31)
    assert len(tenant("GET", f"{path}/assignments").json()["value"]) == 1


def test_new_app_is_listed_late_and_found_by_its_id_at_once(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"new_app_unlisted_seconds": 30})
    body = {
        "@odata.type": "#microsoft.graph.webApp",
        "displayName": "Sen",
        "publisher": "Ekestad",
        "appUrl": "https://a.example/",
    }
    made = tenant("POST", APPS, body).json()["id"]

    def listed() -> bool:
        return made in {app["id"] for app in tenant.pages(APPS)}

    assert tenant("GET", f"{APPS}/{made}").status_code == 200
    assert not listed()
    tenant.sandbox.advance(31)
    assert listed()
