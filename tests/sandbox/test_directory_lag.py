"""Entra is slow to know what it has just been told: new groups, the advanced index, and versions."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_groups import device_ids, member_count, new_group, reference


@pytest.fixture
def tenant(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=60))


def test_new_group_is_not_found_at_first_and_listed_later_still(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"new_group_missing_seconds": 5, "new_group_unlisted_seconds": 60})
    group = new_group(tenant, "klass-1a").json()["id"]

    def seen() -> tuple[int, int]:
        listed = tenant("GET", "/v1.0/groups?$filter=mailNickname eq 'klass-1a'").json()["value"]
        return tenant("GET", f"/v1.0/groups/{group}").status_code, len(listed)

    assert seen() == (404, 0)
    tenant.sandbox.advance(6)
    assert seen() == (200, 0)
    tenant.sandbox.advance(60)
    assert seen() == (200, 1)


def test_advanced_query_lags_behind_the_plain_read(tenant: GraphCaller) -> None:
    group, (device,) = new_group(tenant, "klass-1b").json()["id"], device_ids(tenant, 1)
    tenant.sandbox.post("/sandbox/settings", {"directory_index_lag_seconds": 30})
    tenant("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": reference(device)})

    assert len(tenant("GET", f"/v1.0/groups/{group}/members").json()["value"]) == 1
    assert member_count(tenant, group) == 0
    tenant.sandbox.advance(31)
    assert member_count(tenant, group) == 1


def test_group_is_not_written_twice_at_a_time(tenant: GraphCaller) -> None:
    tenant.sandbox.post("/sandbox/settings", {"group_conflict_seconds": 5})
    path = f"/v1.0/groups/{tenant.group('lararpilot')}"

    assert [tenant("PATCH", path, {"description": "x"}).status_code for _ in range(2)] == [204, 409]
    tenant.sandbox.advance(6)
    assert tenant("PATCH", path, {"description": "x"}).status_code == 204


def test_search_needs_the_header_and_a_property(tenant: GraphCaller) -> None:
    query = '/v1.0/groups?$count=true&$search="displayName:mac"'
    assert tenant("GET", query).status_code == 400

    found = tenant("GET", query, ConsistencyLevel="eventual").json()["value"]
    assert [group["displayName"] for group in found] == ["Mac-pilot"]
    assert tenant("GET", '/v1.0/groups?$count=true&$search="mac"', ConsistencyLevel="eventual").status_code == 400


def test_wrong_version_is_a_failed_precondition(tenant: GraphCaller) -> None:
    group = tenant.group("lararpilot")

    assert tenant("PATCH", f"/v1.0/groups/{group}", {"description": "x"}, If_Match='W/"1"').status_code == 412
    assert tenant("PATCH", f"/v1.0/groups/{group}", {"description": "x"}, If_Match="*").status_code == 204


@pytest.mark.parametrize(("soft", "found"), [(False, 0), (True, 1)])
def test_deleted_group_is_gone_or_among_the_deleted_items(tenant: GraphCaller, soft: bool, found: int) -> None:
    tenant.sandbox.post("/sandbox/settings", {"group_soft_delete": soft})
    group = new_group(tenant, "klass-1c").json()["id"]

    assert [tenant("DELETE", f"/v1.0/groups/{group}").status_code for _ in range(2)] == [204, 404]
    assert len(tenant.pages("/v1.0/directory/deletedItems/microsoft.graph.group")) == found
