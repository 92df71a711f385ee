"""A sandbox with `--snapshot` finds its tenant as it left it."""

from typing import Any

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_assignments import assign, required

KEEP = ("--snapshot",)


def test_restart_keeps_assignments_computers_and_certificate(own_sandbox: Any) -> None:
    first = own_sandbox(devices=150, extra=KEEP)
    graph = GraphCaller(first)
    app, ronn = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    assign(graph, app, [required(ronn)])
    first.advance(7_200)
    before = first.get("/sandbox/assignments"), first.get("/sandbox/state")["installs"]
    authority = (first.log_path.parent / "ca.pem").read_bytes()
    assert first.stop() == 0

    second = own_sandbox(devices=150, extra=KEEP)
    assert (second.get("/sandbox/assignments"), second.get("/sandbox/state")["installs"]) == before
    assert (second.log_path.parent / "ca.pem").read_bytes() == authority
    assert second.get("/sandbox/clock")["offset_seconds"] >= 7_200


def test_life_goes_on_after_a_restart(own_sandbox: Any) -> None:
    first = own_sandbox(devices=150, extra=KEEP)
    graph = GraphCaller(first)
    assign(graph, graph.app("GIMP"), [required(graph.group("terminsklar-all"))])
    first.stop()

    second = own_sandbox(devices=150, extra=KEEP)
    before = second.get("/sandbox/state")["installs"]["installed"]
    second.advance(3 * 3600)
    assert second.get("/sandbox/state")["installs"]["installed"] > before + 80


def test_other_settings_start_fresh_and_say_so(own_sandbox: Any) -> None:
    own_sandbox(devices=150, extra=KEEP).stop()

    second = own_sandbox(devices=120, extra=KEEP)
    assert second.get("/sandbox/state")["devices"] == 120
    assert "starting fresh" in second.log_path.read_text(encoding="utf-8")


def test_unreadable_state_starts_fresh(own_sandbox: Any) -> None:
    first = own_sandbox(devices=60, extra=KEEP)
    first.stop()
    (first.log_path.parent / "world.pickle").write_bytes(b"not a pickle")

    assert own_sandbox(devices=60, extra=KEEP).get("/sandbox/state")["devices"] == 60


def test_restart_keeps_what_is_under_way(own_sandbox: Any) -> None:
    """An import, a remote action and a switch go on where they were."""
    first = own_sandbox(devices=80, extra=KEEP)
    first.post("/sandbox/settings", {"action_failure_rate": 0, "other_tenant_rate": 0})
    graph = GraphCaller(first)
    device = graph("GET", "/v1.0/deviceManagement/managedDevices?$top=1").json()["value"][0]
    first.post("/sandbox/devices", {"id": device["id"], "act": "on"})
    graph("POST", f"/v1.0/deviceManagement/managedDevices/{device['id']}/rebootNow")
    row = {"serialNumber": "NEW1", "hardwareIdentifier": "aGFzaA=="}
    graph("POST", "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities", row)
    first.stop()

    second = own_sandbox(devices=80, extra=KEEP)
    again = GraphCaller(second)
    again.live(3600)
    assert [each["state"] for each in second.get("/sandbox/actions")] == ["done"]
    (record,) = again.pages("/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities")
    assert record["state"]["deviceImportStatus"] == "complete"
    shown = again("GET", f"/v1.0/deviceManagement/managedDevices/{device['id']}").json()
    assert shown["deviceActionResults"][0]["actionState"] == "done"
