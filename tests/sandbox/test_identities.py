"""Registrations carry their app roles in the token, and the service refuses what they lack in its own words."""

import json
from typing import Any

import jwt
import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

APPS = "/beta/deviceAppManagement/mobileApps"


def caller(sandbox: SandboxProcess, name: str) -> GraphCaller:
    return GraphCaller(sandbox.as_identity(name))


def test_token_names_the_app_roles_of_its_registration(sandbox: SandboxProcess) -> None:
    claims = jwt.decode(sandbox.as_identity("reader").token(), options={"verify_signature": False})

    assert "DeviceManagementApps.Read.All" in claims["roles"]
    assert "DeviceManagementApps.ReadWrite.All" not in claims["roles"]


def test_reader_reads_everything_and_writes_nothing(sandbox: SandboxProcess) -> None:
    reader = caller(sandbox, "reader")

    assert reader("GET", "/v1.0/deviceManagement/managedDevices?$top=1").status_code == 200
    refused = reader("POST", f"{APPS}/{reader.app('GIMP')}/assign", {"mobileAppAssignments": []})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    inner = json.loads(refused.json()["error"]["message"])
    assert inner["_version"] == 3
    assert "one of the following scopes: DeviceManagementApps.ReadWrite.All" in inner["Message"]


def test_reader_may_order_a_report(sandbox: SandboxProcess) -> None:
    body = {"reportName": "AppInstallStatusAggregate"}

    assert caller(sandbox, "reader")("POST", "/v1.0/deviceManagement/reports/exportJobs", body).status_code == 201


def test_directory_refuses_without_naming_the_role(sandbox: SandboxProcess) -> None:
    reader = caller(sandbox, "reader")
    group = reader.group("lararpilot")

    error = reader("DELETE", f"/v1.0/groups/{group}/members/x/$ref").json()["error"]
    assert (error["code"], error["message"]) == (
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )


def test_adding_a_device_needs_two_roles(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    single = GraphCaller(sandbox)
    group, device = single.group("lararpilot"), single("GET", "/v1.0/devices?$top=1").json()["value"][0]["id"]
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{device}"}
    path = f"/v1.0/groups/{group}/members"
    single("DELETE", f"{path}/{device}/$ref")

    statuses = []
    for roles in (["GroupMember.ReadWrite.All"], ["GroupMember.ReadWrite.All", "Device.ReadWrite.All"]):
        sandbox.post("/sandbox/registrations", {"name": "writer", "roles": roles})
        statuses.append(caller(sandbox, "writer")("POST", f"{path}/$ref", reference).status_code)
    assert statuses == [403, 204]


def test_a_token_that_is_out_keeps_its_roles(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    reader = caller(sandbox, "reader")
    sandbox.post("/sandbox/registrations", {"name": "reader", "roles": []})

    assert reader("GET", "/v1.0/organization").status_code == 200
    reader.sign_in()
    assert reader("GET", "/v1.0/organization").status_code == 403


@pytest.mark.parametrize("body", [{}, {"name": 1}, {"name": "x", "roles": "y"}, {"name": "x", "colour": "y"}])
def test_odd_registration_is_refused(sandbox: SandboxProcess, body: Any) -> None:
    answer = sandbox.session.post(f"{sandbox.url}/sandbox/registrations", json=body, timeout=10)

    assert answer.status_code == 400


def test_ledger_tells_identities_apart(sandbox: SandboxProcess) -> None:
    caller(sandbox, "reader")("GET", "/v1.0/organization")
    caller(sandbox, "writer")("GET", "/v1.0/organization")

    entries = sandbox.get("/sandbox/ledger?identity=reader&path_prefix=/v1.0/organization&limit=1")
    assert [entry["app_id"] for entry in entries] == [sandbox.as_identity("reader").client_id]
