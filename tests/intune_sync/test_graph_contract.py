"""What the pulls ask Graph is what Microsoft's description allows."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from intune_sync.models import IntuneApp, SyncRun
from schools.models import Municipality
from tests import contract, factories
from tests.sandbox_process import SandboxProcess


@contract.needs_contract
@pytest.mark.django_db
def test_every_request_of_a_whole_mirror_keeps_to_microsofts_description(
    sandbox: SandboxProcess, organisation: Municipality, pull_now: Callable[[str], SyncRun]
) -> None:
    start = sandbox.get("/sandbox/state")["requests"]
    for resource in set(SyncRun.Resource.values) - {"install_status"}:
        pull_now(resource)
    for app in IntuneApp.objects.exclude(assignments=None):
        factories.app_version(intune_app_id=app.graph_id)
    pull_now("install_status")

    calls = sandbox.get(f"/sandbox/ledger?since={start}")
    for call in calls:
        url = f"{call['path']}?{urlencode(call['query'])}"
        contract.validate_request(call["method"], url, call.get("body"))
    assert {call["path"].split("/")[-1] for call in calls} >= {"$batch", "$count", "exportJobs", "mobileApps"}
