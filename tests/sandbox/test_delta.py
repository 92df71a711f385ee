"""Delta queries: rounds of pages, removed and partial objects, members of groups, and links that grow old."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_groups import device_ids, new_group, reference

GROUPS = "/v1.0/groups/delta?$select=displayName,members"


@pytest.fixture
def tenant(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=120))


def delta(graph: GraphCaller, url: str) -> tuple[list[Any], str]:
    """All objects of a round and the link to the next one; only the last page has that."""
    items: list[Any] = []
    while True:
        page = graph("GET", url).json()
        items += page["value"]
        assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
        if "@odata.deltaLink" in page:
            return items, page["@odata.deltaLink"]
        url = page["@odata.nextLink"]


@pytest.mark.parametrize(("kind", "listed"), [("groups", "groups"), ("devices", "devices"), ("users", "users")])
def test_first_round_holds_everything_and_the_next_nothing(tenant: GraphCaller, kind: str, listed: str) -> None:
    tenant.sandbox.post("/sandbox/settings", {"delta_page_size": 7})
    items, link = delta(tenant, f"/v1.0/{kind}/delta")

    assert {item["id"] for item in items} == {item["id"] for item in tenant.pages(f"/v1.0/{listed}?$top=999")}
    assert delta(tenant, link)[0] == []


def test_changed_group_comes_with_its_id_and_what_changed(tenant: GraphCaller) -> None:
    _, link = delta(tenant, GROUPS)
    group = tenant.group("lararpilot")
    tenant("PATCH", f"/v1.0/groups/{group}", {"displayName": "Piloter"})

    assert delta(tenant, link)[0] == [{"id": group, "displayName": "Piloter"}]


def test_changed_group_may_come_whole(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"delta_partial": False})
    _, link = delta(tenant, "/v1.0/groups/delta")
    group = tenant.group("lararpilot")
    tenant("PATCH", f"/v1.0/groups/{group}", {"displayName": "Piloter"})

    (changed,), _ = delta(tenant, link)
    assert changed["mailNickname"] == "lararpilot"


def test_members_come_and_go_in_members_delta(tenant: GraphCaller) -> None:
    group, (first, second) = new_group(tenant, "klass-2a").json()["id"], device_ids(tenant, 2)
    tenant("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": reference(first)})
    items, link = delta(tenant, GROUPS)
    (mine,) = [item for item in items if item["id"] == group]
    assert [member["id"] for member in mine["members@delta"]] == [first]

    tenant("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": reference(second)})
    tenant("DELETE", f"/v1.0/groups/{group}/members/{first}/$ref")
    (changed,), _ = delta(tenant, link)
    told = {member["id"]: "@removed" in member for member in changed["members@delta"]}
    assert told == {first: True, second: False}


def test_members_of_a_big_group_come_in_several_pieces(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"delta_members": 50, "delta_page_size": 2})
    items, _ = delta(tenant, GROUPS)

    everyone = tenant.group("terminsklar-all")
    pieces = [item["members@delta"] for item in items if item["id"] == everyone]
    members = [member["id"] for piece in pieces for member in piece]
    assert [len(piece) for piece in pieces] == [50, 50, 20]
    assert sorted(members) == sorted(device["id"] for device in tenant.pages(f"/v1.0/groups/{everyone}/members"))


@pytest.mark.parametrize(("soft", "reason"), [(False, "deleted"), (True, "changed")])
def test_deleted_group_is_removed_with_its_reason(tenant: GraphCaller, soft: bool, reason: str) -> None:
    tenant.sandbox.post("/sandbox/settings", {"group_soft_delete": soft})
    group = new_group(tenant, "klass-2b").json()["id"]
    _, link = delta(tenant, GROUPS)
    tenant("DELETE", f"/v1.0/groups/{group}")

    assert delta(tenant, link)[0] == [{"id": group, "@removed": {"reason": reason}}]


def test_retagged_device_shows_its_new_marks(tenant: GraphCaller) -> None:
    path = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
    identity = next(each for each in tenant.pages(path) if each["groupTag"] == "GY-RONN")
    _, link = delta(tenant, "/v1.0/devices/delta?$select=physicalIds")
    tenant("POST", f"{path}/{identity['id']}/updateDeviceProperties", {"groupTag": "GR-ALMG"})
    tenant.sandbox.advance(1800)

    (changed,), _ = delta(tenant, link)
    assert "[OrderID]:GR-ALMG" in changed["physicalIds"]


def test_latest_starts_from_now(tenant: GraphCaller) -> None:
    items, link = delta(tenant, "/v1.0/groups/delta?$deltaToken=latest")
    new = new_group(tenant, "klass-2c").json()["id"]

    assert items == []
    assert [item["id"] for item in delta(tenant, link)[0]] == [new]


def test_old_link_is_gone_and_tells_where_to_start_again(tenant: GraphCaller) -> None:
    _, link = delta(tenant, GROUPS)
    tenant.sandbox.advance(6 * 86_400)
    tenant.sign_in()
    assert tenant("GET", link).status_code == 200

    tenant.sandbox.advance(2 * 86_400)
    tenant.sign_in()
    gone = tenant("GET", link)
    assert gone.status_code == 410
    assert urlsplit(gone.headers["Location"]).query == "$select=displayName,members"
    assert len(delta(tenant, gone.headers["Location"])[0]) > 50

    tenant.sandbox.post("/sandbox/settings", {"delta_expiry": "sync_state_not_found"})
    refused = tenant("GET", link)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "syncStateNotFound")


def test_objects_may_be_repeated_and_replayed(tenant: GraphCaller) -> None:
    first, link = delta(tenant, "/v1.0/groups/delta")
    tenant.sandbox.post("/sandbox/settings", {"delta_repeats": 0.5, "delta_replays": 0.5})

    ids = [item["id"] for item in delta(tenant, link)[0]]
    assert 0 < len(set(ids)) < len(first)
    assert len(ids) > len(set(ids))


@pytest.mark.parametrize(
    "query", ["$top=5", "$orderby=displayName", "$expand=members", "$filter=displayName eq 'x'", "$select=colour"]
)
def test_options_that_delta_lacks_are_refused(tenant: GraphCaller, query: str) -> None:
    assert tenant("GET", f"/v1.0/groups/delta?{query}").status_code == 400


def test_altered_delta_link_is_refused(tenant: GraphCaller) -> None:
    _, link = delta(tenant, GROUPS)

    assert tenant("GET", link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 400


def test_user_is_found_by_principal_name(tenant: GraphCaller) -> None:
    user = tenant("GET", "/v1.0/users/ingrid.it@ekestad.example").json()

    assert tenant("GET", f"/v1.0/users/{user['id']}").json()["displayName"] == "Ingrid Åkerlund"
    assert tenant("GET", "/v1.0/users/nobody@ekestad.example").status_code == 404
