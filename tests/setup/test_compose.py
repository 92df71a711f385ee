"""docker-compose.yml and Dockerfile, read as their tools read them; no engine runs here."""

import json
import re
import shlex
from typing import Any

import pytest
import yaml

from scripts import ROOT
from scripts.commands import COMMANDS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("terminsklar:")}
ONE_SHOTS = {"migrate"}


def test_our_services_are_the_parts_of_the_portal() -> None:
    assert OURS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_the_very_command_of_the_demo(name: str) -> None:
    assert shlex.split(OURS[name]["command"]) == shlex.split(COMMANDS[name])


def test_the_image_runs_the_web_server_by_default() -> None:
    command = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert command and json.loads(command.group(1)) == shlex.split(COMMANDS["web"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_comes_back_and_is_watched(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped")
    assert ("healthcheck" in service) is (name not in ONE_SHOTS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_not_root_and_writes_only_to_volumes(name: str) -> None:
    service = SERVICES[name]

    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(volume.split(":")[0] in COMPOSE["volumes"] for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_by_file(name: str) -> None:
    service = SERVICES[name]

    for variable, value in service.get("environment", {}).items():
        if re.search(r"SECRET|PASSWORD|_URL_FILE|KEY", variable):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert "://" not in json.dumps(service.get("command", ""))
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()


def test_only_the_web_server_is_reached_from_outside_and_through_a_proxy() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]


def test_the_sandbox_starts_only_when_asked_for() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["sandbox"]


def test_every_variable_of_the_portal_is_documented() -> None:
    documented = (ROOT / "docs" / "configuration.md").read_text()

    names = {name.removesuffix("_FILE") for name in SERVICES["web"]["environment"]}
    assert {name for name in names if f"`{name}`" not in documented} == set()
