"""Switches: shown with a sentence, set by name, refused when unknown or of the wrong kind."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess


def value(sandbox: SandboxProcess, name: str) -> Any:
    return next(each["value"] for each in sandbox.get("/sandbox/settings") if each["name"] == name)


def test_every_switch_has_a_default_and_a_sentence(sandbox: SandboxProcess) -> None:
    shown = sandbox.get("/sandbox/settings")

    assert all(each["sentence"].endswith(".") and each["value"] == each["default"] for each in shown)


def test_switch_is_set_by_name_and_put_back(sandbox: SandboxProcess) -> None:
    sandbox.post("/sandbox/settings", {"page_link_seconds": 5})
    assert value(sandbox, "page_link_seconds") == 5

    sandbox.delete("/sandbox/settings")
    assert value(sandbox, "page_link_seconds") == 3600


@pytest.mark.parametrize("body", [{"nothing": 1}, {"page_link_seconds": "long"}, {"page_link_seconds": -1}, [1]])
def test_unknown_switch_and_wrong_value_are_refused(sandbox: SandboxProcess, body: Any) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.post("/sandbox/settings", body)


def test_next_link_expires_by_the_sandbox_clock(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/settings", {"page_link_seconds": 30})
    link = graph("GET", "/v1.0/deviceManagement/managedDevices?$top=40").json()["@odata.nextLink"]

    assert graph("GET", link).status_code == 200
    sandbox.advance(31)
    assert graph("GET", link).status_code == 400
