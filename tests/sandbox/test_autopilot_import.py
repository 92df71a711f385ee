"""Importing computers: records tell later what became of each, and identities are listed later still."""

import base64
from typing import Any

import pytest

from tests.contract import validate_request
from tests.sandbox.conftest import CHECKED, GraphCaller

IMPORTS = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
HOUR = 3600


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    graph = GraphCaller(own_sandbox(devices=60))
    graph.sandbox.post("/sandbox/settings", {"other_tenant_rate": 0, "other_tenant_serials": "FOREIGN1, foreign2"})
    return graph


def row(serial: str, tag: str = "GY-TEKN", **more: str) -> dict[str, str]:
    hardware = base64.b64encode(f"hash of {serial}".encode()).decode()
    return {"serialNumber": serial, "productKey": "", "hardwareIdentifier": hardware, "groupTag": tag, **more}


def post(graph: GraphCaller, *rows: dict[str, str]) -> list[Any]:
    body = {"importedWindowsAutopilotDeviceIdentities": list(rows)}
    if CHECKED:
        validate_request("POST", f"{IMPORTS}/import", body)
    answer = graph("POST", f"{IMPORTS}/import", body)
    assert answer.status_code == 200
    return list(answer.json()["value"])


def states(graph: GraphCaller) -> dict[str, Any]:
    return {record["serialNumber"]: record["state"] for record in graph.pages(IMPORTS)}


def serials(graph: GraphCaller) -> set[str]:
    return {identity["serialNumber"] for identity in graph.pages(IDENTITIES)}


def test_import_is_unknown_then_pending_then_complete(graph: GraphCaller) -> None:
    (record,) = post(graph, row("NEW1"))
    seen = [record["state"]["deviceImportStatus"]]
    for seconds in (40, HOUR):
        graph.live(seconds)
        seen.append(graph("GET", f"{IMPORTS}/{record['id']}").json()["state"]["deviceImportStatus"])

    assert seen == ["unknown", "pending", "complete"]


def test_record_names_the_identity_before_it_is_listed(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"import_seconds": 10, "import_visible_seconds": 600})
    post(graph, row("NEW1"))
    graph.live(120)

    identity = states(graph)["NEW1"]["deviceRegistrationId"]
    assert identity
    assert graph("GET", f"{IDENTITIES}/{identity}").status_code == 404
    graph.live(HOUR)
    assert graph("GET", f"{IDENTITIES}/{identity}").json()["serialNumber"] == "NEW1"


def test_rows_of_one_batch_end_apart(graph: GraphCaller) -> None:
    post(graph, *[row(f"NEW{number}") for number in range(20)])
    graph.live(250)

    assert {state["deviceImportStatus"] for state in states(graph).values()} == {"pending", "complete"}


def test_each_bad_row_has_its_own_error(graph: GraphCaller) -> None:
    known = graph("GET", f"{IDENTITIES}?$top=1").json()["value"][0]["serialNumber"]
    bad = row("BADHASH") | {"hardwareIdentifier": "not base64!"}
    post(graph, row("GOOD"), row(known), row("FOREIGN1"), row("Foreign2"), bad, row(""), row("TWICE"), row("TWICE"))
    graph.live(HOUR)

    found = [(each["serialNumber"], each["state"]["deviceErrorCode"]) for each in graph.pages(IMPORTS)]
    assert found == [
        ("GOOD", 0),
        (known, 806),
        ("FOREIGN1", 808),
        ("Foreign2", 808),
        ("BADHASH", 802),
        ("", 803),
        ("TWICE", 0),
        ("TWICE", 807),
    ]
    names = {each["state"]["deviceErrorName"] for each in graph.pages(IMPORTS)}
    assert {"ZtdDeviceAlreadyAssigned", "ZtdDeviceDuplicated", "InvalidZtdHardwareHash"} < names
    assert {"GOOD", "TWICE"} <= serials(graph)
    assert not {"FOREIGN1", "BADHASH"} & serials(graph)


def test_import_of_a_known_computer_leaves_its_tag(graph: GraphCaller) -> None:
    known = graph("GET", f"{IDENTITIES}?$top=1").json()["value"][0]
    post(graph, row(known["serialNumber"], "SOMEWHERE-ELSE"))
    graph.live(HOUR)

    assert graph("GET", f"{IDENTITIES}/{known['id']}").json()["groupTag"] == known["groupTag"]


def test_share_of_unknown_serials_belongs_to_other_tenants_by_seed(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"other_tenant_rate": 0.5, "import_error_rate": 0})
    post(graph, *[row(f"NEW{number}") for number in range(40)])
    graph.live(HOUR)

    codes = [state["deviceErrorCode"] for state in states(graph).values()]
    assert set(codes) == {0, 808}
    assert 8 < codes.count(808) < 32


def test_record_stays_until_it_is_deleted(graph: GraphCaller) -> None:
    (record,) = post(graph, row("NEW1"))
    graph.live(30 * 24 * HOUR)

    assert list(states(graph)) == ["NEW1"]
    assert graph("DELETE", f"{IMPORTS}/{record['id']}").status_code == 204
    assert graph("DELETE", f"{IMPORTS}/{record['id']}").status_code == 404
    assert states(graph) == {}


def test_records_of_one_client_are_seen_by_the_others(graph: GraphCaller) -> None:
    post(graph, row("NEW1"))
    assert graph("GET", f"{IMPORTS}/$count").text == "1"

    other = GraphCaller(graph.sandbox)
    assert list(states(other)) == ["NEW1"]


def test_single_imports_are_throttled_long_before_the_published_limit(own_sandbox: Any) -> None:
    graph = GraphCaller(own_sandbox(devices=20, throttle="published"))
    answers = [graph("POST", IMPORTS, row(f"NEW{number}")) for number in range(70)]

    taken = [answer.status_code for answer in answers].count(201)
    assert 60 <= taken <= 70
    assert answers[-1].status_code == 429
    assert float(answers[-1].headers["Retry-After"]) > 0


def test_imported_computer_reaches_its_groups_and_enrols(graph: GraphCaller) -> None:
    """Import, identity, Entra device with its tag, dynamic group, enrolment: each hop takes its time."""
    graph.sandbox.post("/sandbox/settings", {"enrolment_after_seconds": 6 * HOUR, "enrolment_failure_rate": 0})
    school = graph.group("terminsklar-school-gy-tekn")
    before = {member["id"] for member in graph.pages(f"/v1.0/groups/{school}/members?$top=999")}
    post(graph, row("NEW1"))
    graph.live(2 * HOUR)

    (new,) = [each for each in graph.pages(f"/v1.0/groups/{school}/members?$top=999") if each["id"] not in before]
    assert "[OrderID]:GY-TEKN" in new["physicalIds"]
    (waiting,) = [each for each in graph.pages(IDENTITIES) if each["serialNumber"] == "NEW1"]
    assert waiting["enrollmentState"] == "notContacted"
    graph.live(8 * HOUR)
    enrolled = graph("GET", f"{IDENTITIES}/{waiting['id']}").json()
    assert enrolled["enrollmentState"] == "enrolled"
    device = graph("GET", f"/v1.0/deviceManagement/managedDevices/{enrolled['managedDeviceId']}").json()
    assert device["serialNumber"] == "NEW1"


@pytest.mark.parametrize("body", [{}, {"importedWindowsAutopilotDeviceIdentities": []}, {"x": 1}, []])
def test_import_without_rows_is_refused(graph: GraphCaller, body: Any) -> None:
    assert graph.session.post(f"{graph.sandbox.url}{IMPORTS}/import", json=body, timeout=10).status_code == 400
