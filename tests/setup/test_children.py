import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts.children import Child, ChildFailed, run_child, start_child, stop_children, wait_until

ENV = {"PATH": str(Path(sys.executable).parent)}
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("ready", flush=True)
time.sleep(60)
"""


def start_python(program: str, log_folder: Path) -> Child:
    return start_child("part", ["python", "-c", program], ENV, log_folder)


def test_a_part_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    part = start_python("raise SystemExit('the database is away')", tmp_path)

    with pytest.raises(ChildFailed, match=r"part ended with 1.*\n.*the database is away"):
        wait_until(lambda: False, part, seconds=20)


def test_a_part_that_never_gets_ready_is_reported(tmp_path: Path) -> None:
    part = start_python("import time; time.sleep(60)", tmp_path)

    with pytest.raises(ChildFailed, match="part was not ready in 0 s"):
        wait_until(lambda: False, part, seconds=0)
    stop_children([part], patience_seconds=1)


def test_a_part_that_ignores_the_request_is_ended_with_all_it_started(tmp_path: Path) -> None:
    part = start_python(STUBBORN, tmp_path)
    wait_until(lambda: "ready" in part.log.read_text(), part, seconds=20)
    (grandchild,) = psutil.Process(part.process.pid).children()
    started = time.monotonic()

    stop_children([part], patience_seconds=0.5)

    assert time.monotonic() - started < 5
    assert part.process.poll() is not None
    assert psutil.wait_procs([grandchild], timeout=2) == ([grandchild], [])


def test_a_command_gives_its_output_and_logs_the_rest(tmp_path: Path) -> None:
    program = "import sys; print('answer'); print('note', file=sys.stderr)"

    assert run_child("part", ["python", "-c", program], ENV, tmp_path) == "answer\n"
    assert (tmp_path / "part.log").read_text() == "note\n"


def test_a_command_that_fails_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="it broke"):
        run_child("part", ["python", "-c", "raise SystemExit('it broke')"], ENV, tmp_path)


def test_a_part_does_not_hear_ctrl_c_of_the_terminal(tmp_path: Path) -> None:
    part = start_python("import os; print(os.getsid(0) == os.getpid())", tmp_path)

    part.process.wait(20)

    assert part.log.read_text() == "True\n"
    assert isinstance(part.process, subprocess.Popen)
