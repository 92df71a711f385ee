"""Where the fault programme kills: in the process it names, once, and never in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intune_sync.push import kill_points
from tests.sandbox_process import REPOSITORY
from tests.waiting import eventually

REACH = "import django; django.setup(); from intune_sync.push import kill_points; kill_points.reach('after_call')"


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", REACH],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECURE_COOKIES": "false",
            "KILL_POINTS": str(folder),
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, **environment)
    said = process.communicate(timeout=60)[1]
    return subprocess.CompletedProcess(process.args, process.returncode, stderr=said)


def test_the_process_that_reaches_the_point_is_killed_once(tmp_path: Path):
    (tmp_path / "after_call").write_text("child")

    assert run(tmp_path).returncode == -signal.SIGKILL
    assert run(tmp_path).returncode == 0


def test_another_point_is_passed(tmp_path: Path):
    (tmp_path / "after_claim").write_text("group")

    assert run(tmp_path).returncode == 0


def test_production_refuses_to_start_with_it(tmp_path: Path):
    done = run(tmp_path, SECURE_COOKIES="true")

    assert done.returncode == 1
    assert "KILL_POINTS" in done.stderr


def test_a_misspelt_point_is_an_error(settings: object, tmp_path: Path):
    settings.KILL_POINTS = str(tmp_path)

    with pytest.raises(ValueError, match="after_cal"):
        kill_points.reach("after_cal")


def test_a_stuck_process_goes_on_when_it_is_told_to(tmp_path: Path):
    (tmp_path / "after_call").write_text("stuck")
    process = start(tmp_path)

    eventually(lambda: state_of(process.pid) == "T", seconds=30, what="the process to stand still")
    process.send_signal(signal.SIGCONT)

    assert process.wait(timeout=30) == 0


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
