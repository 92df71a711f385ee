"""How the process starts, what it leaves behind, and how it ends."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import REPOSITORY


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    return subprocess.run(
        [sys.executable, "-m", "intune_sync.sandbox", *options],
        cwd=REPOSITORY,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = run("--port", port, "--state-dir", str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr == f"sandbox: port {port} on 127.0.0.1 is already in use\n"


def test_options_come_from_the_environment_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = run(SANDBOX_PORT=port, SANDBOX_STATE_DIR=str(tmp_path))

    assert port in ended.stderr


@pytest.mark.parametrize("content", ["{", "{}", '{"municipality": {}}'])
def test_tenant_file_that_is_not_one_is_named(tmp_path: Path, content: str) -> None:
    tenant = tmp_path / "tenant.json"
    tenant.write_text(content)

    ended = run("--state-dir", str(tmp_path), "--tenant", str(tenant))
    assert ended.returncode == 1
    assert str(tenant) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_term_ends_it_quickly_and_cleanly(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    with_open_connection = GraphCaller(sandbox)
    assert with_open_connection("GET", "/v1.0/organization").status_code == 200
    started = time.monotonic()

    assert sandbox.stop() == 0
    assert time.monotonic() - started < 2
    log = sandbox.log_path.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "graceful" not in log
    assert not (sandbox.log_path.parent / "sandbox.json").exists()


def test_secrets_are_readable_by_the_owner_alone(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)

    for name in ("sandbox.json", "server.pem"):
        assert stat.S_IMODE((sandbox.log_path.parent / name).stat().st_mode) == 0o600
    described = json.loads((sandbox.log_path.parent / "sandbox.json").read_text(encoding="utf-8"))
    assert described["pid"] == sandbox.process.pid


def test_secret_may_come_from_a_file(own_sandbox: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")

    sandbox = own_sandbox(devices=60, extra=("--client-id", "portal", "--client-secret-file", str(secret)))
    assert (sandbox.client_id, sandbox.client_secret) == ("portal", "from a file")
    assert sandbox.token()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--pace", "0"),
        ("--devices", "-1"),
        ("--port", "70000"),
        ("--start-at", "soon"),
        ("--client-secret-file", "none"),
    ],
)
def test_option_without_sense_is_one_clear_line(tmp_path: Path, option: str, value: str) -> None:
    ended = run("--state-dir", str(tmp_path), option, value)

    assert ended.returncode == 1
    assert ended.stderr.startswith("sandbox: ")
    assert len(ended.stderr.splitlines()) == 1
