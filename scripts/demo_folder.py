"""The demo's data folder: one demo at a time in it, and what forgetting it means."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.demo_environment import MARK
from scripts.leftovers import stop_marked_processes
from scripts.storage import make_passable, remove_storage

SERVERS = ("postgres", "redis")
CONTENTS = ("sandbox", "log", "demo.json", "secrets.json")


class FolderInUse(Exception):
    """Another demo runs on this folder."""


@contextmanager
def demo_folder(data_dir: Path) -> Iterator[Path]:
    """The folder, held until the end, after ending what a killed demo left running in it. Raises FolderInUse."""
    make_passable(data_dir)
    with (data_dir / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise FolderInUse(
                f"A demo already runs on {data_dir} (process {lock.read().strip() or 'unknown'}). "
                "Stop it with Ctrl-C in its terminal, or give this one another folder: make demo DATA_DIR=…"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for announcement in ("demo.json", "sandbox/sandbox.json"):
            (data_dir / announcement).unlink(missing_ok=True)
        stop_marked_processes(MARK, str(data_dir))
        (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
        yield data_dir


def forget(data_dir: Path) -> None:
    """Remove what demos have put into the folder, and the folder when nothing else is in it."""
    for name in SERVERS:
        remove_storage(data_dir / name)
    for name in (*CONTENTS, "demo.lock"):
        path = data_dir / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not any(data_dir.iterdir()):
        data_dir.rmdir()
