"""What a killed run left behind: servers without their starter, and folders without an owner."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

import psutil

SERVERS = {"postgres", "valkey-server"}
PREFIX = "terminsklar-"


def stop_servers_in(folder: Path) -> None:
    """End the private servers whose working folder is `folder` or below it; each server works in its data folder."""

    def works_there(process: psutil.Process) -> bool:
        return process.name() in SERVERS and Path(process.cwd()).is_relative_to(folder)

    end_processes(_processes(works_there), signal.SIGINT, patience_seconds=10)


def stop_marked_processes(variable: str, value: str) -> None:
    """End the processes that were started with this environment variable, and this one not."""

    def is_marked(process: psutil.Process) -> bool:
        return process.pid != os.getpid() and bool(process.environ().get(variable) == value)

    end_processes(_processes(is_marked), signal.SIGTERM, patience_seconds=5)


def end_processes(processes: Iterable[psutil.Process], first: signal.Signals, *, patience_seconds: float) -> None:
    processes = list(processes)
    for process in processes:
        _send(process, first)
    _gone, alive = psutil.wait_procs(processes, timeout=patience_seconds)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=2)


def owned_temporary_folder(kind: str) -> tuple[Path, TextIO]:
    """A new folder, and the open lock that says its owner lives. The lock is taken before the folder has the name
    that `sweep_temporary_folders` looks for."""
    unnamed = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
    unnamed.chmod(0o711)
    lock = (unnamed / "owner.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = unnamed.with_name(f"{PREFIX}{kind}-{unnamed.name.removeprefix(f'.{PREFIX}')}")
    unnamed.rename(folder)
    return folder, lock


def sweep_temporary_folders(kind: str) -> None:
    """Stop the servers in, and remove, this user's folders whose owner is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}{kind}-*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / "owner.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop_servers_in(folder)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its owner lives, or another sweep was quicker
            continue


def _processes(matches: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if matches(process):
                found.append(process)
        except (psutil.Error, OSError):  # ended meanwhile, or somebody else's
            continue
    return found


def _send(process: psutil.Process, which: signal.Signals) -> None:
    try:
        process.send_signal(which)
    except psutil.NoSuchProcess:
        return
