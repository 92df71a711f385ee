"""Child processes of the demo: each with its log, in its own session, stopped in order."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT
from scripts.log_lines import last_lines


class ChildFailed(Exception):
    """A process of the demo ended by itself or did not get ready; the text ends with the last lines of its log."""


@dataclass(frozen=True)
class Child:
    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def require_running(self) -> None:
        if (status := self.process.poll()) is not None:
            raise ChildFailed(f"{self.name} ended with {status}. The end of {self.log}:\n{last_lines(self.log)}")


def start_child(
    name: str, command: Sequence[str], env: Mapping[str, str], log_folder: Path, *, stdout: int | None = None
) -> Child:
    """In a session of its own: Ctrl-C in the terminal reaches the demo, and the demo stops its children in order."""
    log = log_folder / f"{name}.log"
    program = shutil.which(command[0], path=env["PATH"]) or command[0]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output if stdout is None else stdout,
            stderr=output,
            start_new_session=True,
        )
    return Child(name, log, process)


def run_child(name: str, command: Sequence[str], env: Mapping[str, str], log_folder: Path) -> str:
    """Run to the end and return what it printed; the log has the rest. Raises ChildFailed."""
    child = start_child(name, command, env, log_folder, stdout=subprocess.PIPE)
    try:
        output, _no_errors = child.process.communicate()
    except BaseException:
        stop_children([child], patience_seconds=2)
        raise
    if child.process.returncode:
        child.require_running()
    return output.decode()


def wait_until(ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Ask `ready` until it says so. Raises ChildFailed when the child ends first or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        child.require_running()
        if time.monotonic() > deadline:
            raise ChildFailed(f"{child.name} was not ready in {seconds:.0f} s:\n{last_lines(child.log)}")
        time.sleep(0.1)


def stop_children(children: Iterable[Child], *, patience_seconds: float) -> None:
    """Ask all at once, wait for all together, then end what is left of each one's session."""
    children = list(children)
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + patience_seconds
    for child in children:
        try:
            child.process.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
    for child in children:
        try:
            os.killpg(child.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        child.process.wait()
