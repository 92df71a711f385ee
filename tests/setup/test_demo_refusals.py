"""What `make demo` refuses, before it starts anything."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts import ROOT
from scripts.demo_environment import MARK, demo_secrets, portal_environment
from scripts.demo_folder import demo_folder
from scripts.ports import PortUnusable, free_port, require_free_port

GRAPH = {"url": "https://127.0.0.1:8443", "tenant_id": "t", "client_id": "c", "client_secret": "s"}


def run_demo(data_dir: Path, port: int) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DATA_DIR": str(data_dir), "PORT": str(port), "DEVICES": "10"}
    command = [sys.executable, "-m", "scripts.demo"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_demo(tmp_path / "demo", port)

    assert ended.returncode == 1
    assert f"Port {port} is taken by another program. Choose another: make demo PORT=" in ended.stderr
    assert not (tmp_path / "demo" / "postgres").exists()


def test_a_second_demo_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "demo"):
        ended = run_demo(tmp_path / "demo", free_port())

    assert ended.returncode == 1
    assert f"A demo already runs on {tmp_path / 'demo'} (process {os.getpid()})" in ended.stderr


@pytest.mark.parametrize("port", [0x10000, -1])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(PortUnusable, match="from 1 to 65535"):
        require_free_port(port)


def test_what_a_killed_demo_left_running_is_ended_at_the_next_start(tmp_path: Path) -> None:
    data_dir = (tmp_path / "demo").resolve()
    left = subprocess.Popen(["sleep", "60"], env={MARK: str(data_dir), "PATH": os.defpath})
    other = subprocess.Popen(["sleep", "60"], env={MARK: str(tmp_path / "other"), "PATH": os.defpath})

    with demo_folder(data_dir):
        assert not psutil.pid_exists(left.pid)
        assert other.poll() is None

    other.kill()
    other.wait()


def test_secrets_are_made_once_and_are_their_owners(tmp_path: Path) -> None:
    first = demo_secrets(tmp_path)

    assert demo_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(first.secret_key) >= 50


def test_a_stray_variable_of_the_shell_reaches_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_SECRET_FILE", "/somebody/elses")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "another.project")
    monkeypatch.setenv("SYNC_INTERVAL_SECONDS", "60")

    env = portal_environment(tmp_path, 8000, GRAPH, database_url="postgres://x/x", redis_url="redis://x/0")

    assert "CLIENT_SECRET_FILE" not in env
    assert env["DJANGO_SETTINGS_MODULE"] == "config.settings"
    assert env["SYNC_INTERVAL_SECONDS"] == "60"
