"""Lists: pages, filters, selected properties, and the odd rows real inventories have."""

import pytest

from tests.sandbox.conftest import GraphCaller

DEVICES = "/v1.0/deviceManagement/managedDevices"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"


def test_pages_together_hold_every_record_once(graph: GraphCaller) -> None:
    ids = [device["id"] for device in graph.pages(f"{DEVICES}?$top=40&$select=id")]

    state = graph.sandbox.get("/sandbox/state")
    assert len(ids) == len(set(ids)) == state["managed_devices"]


def test_page_is_never_larger_than_asked(graph: GraphCaller) -> None:
    page = graph("GET", f"{DEVICES}?$top=40").json()

    assert len(page["value"]) == 40
    assert page["@odata.nextLink"].startswith(f"{graph.sandbox.url}/v1.0/deviceManagement/managedDevices?")


def test_links_name_the_host_the_client_asked(graph: GraphCaller) -> None:
    link = graph("GET", f"{DEVICES}?$top=40", Host="sandbox:8443").json()["@odata.nextLink"]

    assert link.startswith("https://sandbox:8443/v1.0/deviceManagement/managedDevices?")


def test_directory_gives_a_hundred_by_itself_and_refuses_a_thousand(graph: GraphCaller) -> None:
    assert len(graph("GET", "/v1.0/devices").json()["value"]) == 100
    assert graph("GET", "/v1.0/devices?$top=1000").status_code == 400


def test_altered_next_link_is_refused(graph: GraphCaller) -> None:
    link = graph("GET", f"{DEVICES}?$top=40").json()["@odata.nextLink"]
    altered = link[:-1] + ("0" if link[-1] != "0" else "1")

    assert graph("GET", link).status_code == 200
    assert graph("GET", altered).status_code == 400


def test_next_link_of_another_list_is_refused(graph: GraphCaller) -> None:
    token = graph("GET", f"{DEVICES}?$top=40").json()["@odata.nextLink"].partition("?")[2]

    assert graph("GET", f"{IDENTITIES}?{token}").status_code == 400


def test_filter_and_selection_survive_paging(graph: GraphCaller) -> None:
    filtered = graph.pages(f"{DEVICES}?$filter=operatingSystem eq 'macOS'&$select=id,operatingSystem&$top=3")

    everything = graph.pages(DEVICES)
    assert len(filtered) == sum(device["operatingSystem"] == "macOS" for device in everything) > 3
    assert all(set(device) == {"id", "operatingSystem"} for device in filtered)


def test_devices_can_be_filtered_by_their_last_sync(graph: GraphCaller) -> None:
    before = graph.pages(DEVICES)
    limit = sorted(device["lastSyncDateTime"][:19] for device in before)[200] + "Z"

    recent = {device["id"] for device in graph.pages(f"{DEVICES}?$filter=lastSyncDateTime ge {limit}")}
    sooner, later = (
        {device["id"] for device in devices if device["lastSyncDateTime"][:19] + "Z" >= limit}
        for devices in (before, graph.pages(DEVICES))
    )
    assert sooner <= recent <= later  # computers check in meanwhile


def test_unknown_property_is_refused_in_filter_and_selection(graph: GraphCaller) -> None:
    assert graph("GET", f"{DEVICES}?$filter=colour eq 'red'").status_code == 400
    assert graph("GET", f"{DEVICES}?$select=id,colour").status_code == 400


@pytest.mark.parametrize("filter_text", ["serialNumber eq 'X'", "contains(serialNumber,'A-B')"])
def test_autopilot_refuses_the_filters_it_refuses_in_reality(graph: GraphCaller, filter_text: str) -> None:
    assert graph("GET", f"{IDENTITIES}?$filter={filter_text}").status_code == 400


def test_autopilot_finds_part_of_a_serial(graph: GraphCaller) -> None:
    serial = graph("GET", f"{IDENTITIES}?$top=1").json()["value"][0]["serialNumber"]

    found = graph("GET", f"{IDENTITIES}?$filter=contains(serialNumber,'{serial}')").json()["value"]
    assert [identity["serialNumber"] for identity in found] == [serial]


def test_inventory_has_the_oddities_of_a_real_one(graph: GraphCaller) -> None:
    devices = graph.pages(DEVICES)

    serials = [device["serialNumber"] for device in devices]
    assert "System Serial Number" in serials
    assert any("<" in device["deviceName"] for device in devices)
    assert any(len(device["lastSyncDateTime"]) == len("2026-01-01T00:00:00.1234567Z") for device in devices)
    twice = {serial for serial in serials if serials.count(serial) > 1} - {"System Serial Number"}
    records = [device for device in devices if device["serialNumber"] in twice]
    assert len({device["id"] for device in records}) == len(records) > len(twice) > 0


def test_computers_not_started_exist_in_autopilot_only(graph: GraphCaller) -> None:
    waiting = [each for each in graph.pages(IDENTITIES) if each["enrollmentState"] == "notContacted"]

    serials = {device["serialNumber"] for device in graph.pages(DEVICES)}
    assert waiting
    assert all(each["serialNumber"] not in serials for each in waiting)
    assert {each["lastContactedDateTime"] for each in waiting} == {"0001-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "path", ["/v1.0/deviceManagement/assignmentFilters", "/beta/devices", "/v1.0/nothing", "/v1.0/groups/1/owners"]
)
def test_what_a_version_lacks_is_an_unknown_segment(graph: GraphCaller, path: str) -> None:
    answer = graph("GET", path)

    assert answer.status_code == 400
    assert "Resource not found for the segment" in answer.json()["error"]["message"]


def test_intune_errors_hold_a_second_document_in_the_message(graph: GraphCaller) -> None:
    error = graph("GET", f"{DEVICES}/missing").json()["error"]

    assert error["code"] == "ResourceNotFound"
    assert '"_version": 3' in error["message"]
    assert '"_version"' not in graph("GET", "/v1.0/groups/missing").json()["error"]["message"]
