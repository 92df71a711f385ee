"""Multi Admin Approval: a protected write waits, without effect, until another administrator has approved it."""

import base64
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

WHY = base64.b64encode("Läsårsstart på Almgården".encode()).decode()


@pytest.fixture
def protected(sandbox: SandboxProcess, graph: GraphCaller) -> GraphCaller:
    sandbox.post("/sandbox/settings", {"multi_admin_approval": "apps"})
    return graph


def assign(graph: GraphCaller, **headers: str) -> requests.Response:
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": graph.group("lararpilot")}
    body = {"mobileAppAssignments": [{"intent": "required", "target": target}]}
    return graph("POST", f"/beta/deviceAppManagement/mobileApps/{graph.app('Inkscape')}/assign", body, **headers)


def assigned(graph: GraphCaller) -> int:
    return len(graph.sandbox.get("/sandbox/assignments")[graph.app("Inkscape")])


def test_write_without_justification_is_refused(protected: GraphCaller) -> None:
    refused = assign(protected)

    assert refused.status_code == 400
    assert "Header 'x-msft-approval-justification' is required" in refused.json()["error"]["message"]


@pytest.mark.parametrize("text", ["plain text", base64.b64encode(b"x" * 1025).decode()])
def test_justification_is_base64_and_not_too_long(protected: GraphCaller, text: str) -> None:
    assert assign(protected, x_msft_approval_justification=text).status_code == 400


def test_justified_write_waits_and_takes_effect_when_repeated_after_approval(protected: GraphCaller) -> None:
    waiting = assign(protected, x_msft_approval_justification=WHY)
    code = waiting.headers["x-msft-approval-code"]
    assert (waiting.status_code, waiting.json()["error"]["code"], assigned(protected)) == (412, "BadRequest", 0)

    assert assign(protected, x_msft_approval_code=code).status_code == 412
    protected.sandbox.post("/sandbox/approvals", {"id": code, "decision": "approved"})
    assert assigned(protected) == 0
    assert assign(protected, x_msft_approval_code=code).status_code == 204
    assert assigned(protected) == 1
    assert assign(protected, x_msft_approval_code=code).status_code == 400


def test_justification_again_after_approval_takes_effect_too(protected: GraphCaller) -> None:
    codes = [assign(protected, x_msft_approval_justification=WHY).headers["x-msft-approval-code"] for _ in range(2)]
    protected.sandbox.post("/sandbox/approvals", {"id": "*", "decision": "approved"})

    assert codes[0] == codes[1]
    assert assign(protected, x_msft_approval_justification=WHY).status_code == 204


def test_rejected_request_never_takes_effect(protected: GraphCaller) -> None:
    code = assign(protected, x_msft_approval_justification=WHY).headers["x-msft-approval-code"]
    protected.sandbox.post("/sandbox/approvals", {"id": code, "decision": "rejected"})

    refused = assign(protected, x_msft_approval_code=code)
    assert (refused.status_code, assigned(protected)) == (400, 0)
    assert "rejected" in refused.json()["error"]["message"]


def test_code_does_not_open_another_write(protected: GraphCaller) -> None:
    code = assign(protected, x_msft_approval_justification=WHY).headers["x-msft-approval-code"]
    protected.sandbox.post("/sandbox/approvals", {"id": code, "decision": "approved"})

    path = f"/beta/deviceAppManagement/mobileApps/{protected.app('GIMP')}/assign"
    assert protected("POST", path, {"mobileAppAssignments": []}, x_msft_approval_code=code).status_code == 400


def test_excluded_registration_needs_no_approval(protected: GraphCaller) -> None:
    protected.sandbox.post("/sandbox/settings", {"multi_admin_excluded": "writer, single"})

    assert assign(protected).status_code == 204


def test_waiting_write_is_not_executed_by_the_ledger(protected: GraphCaller) -> None:
    assign(protected, x_msft_approval_justification=WHY)

    entry: Any = protected.sandbox.get("/sandbox/ledger?method=POST&limit=1")[0]
    assert (entry["status"], entry["executed"], entry["answered"]) == (412, False, True)
