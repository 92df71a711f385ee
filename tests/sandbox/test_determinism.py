"""The same seed makes the same tenant, byte for byte."""

from typing import Any

from tests.sandbox.conftest import GraphCaller

PATHS = (
    "/beta/deviceManagement/managedDevices",
    "/beta/deviceManagement/windowsAutopilotDeviceIdentities",
    "/beta/deviceAppManagement/mobileApps?$expand=assignments",
    "/v1.0/groups?$top=999",
)
START = ("--start-at", "2026-08-17T06:00:00Z")


def everything(sandbox: Any) -> list[bytes]:
    """All lists, with the port taken out of the links."""
    graph = GraphCaller(sandbox)
    return [graph("GET", path).content.replace(sandbox.url.encode(), b"") for path in PATHS]


def test_two_processes_with_one_seed_show_the_same(own_sandbox: Any) -> None:
    first, second = (own_sandbox(name, devices=150, seed=7, extra=START) for name in ("a", "b"))

    assert everything(first) == everything(second)


def test_another_seed_shows_other_computers(own_sandbox: Any) -> None:
    first, second = (own_sandbox(f"seed{seed}", devices=150, seed=seed, extra=START) for seed in (1, 2))

    assert all(one != other for one, other in zip(everything(first)[:2], everything(second)[:2], strict=True))


def test_lives_of_one_seed_run_alike(own_sandbox: Any) -> None:
    lives = []
    for name in ("a", "b"):
        sandbox = own_sandbox(name, devices=150, seed=7, extra=START)
        sandbox.advance(3 * 86_400)
        lives.append(sandbox.get("/sandbox/state")["installs"])

    assert lives[0] == lives[1]
