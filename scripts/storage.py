"""Where the private servers keep their files.

That is the folder they are given, `base`; or, when root gives one that the servers' account cannot reach (below /root,
for instance), a folder of root's library that lives as long as `base` does.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from scripts.leftovers import stop_servers_in
from scripts.server_account import drop_privileges, server_account

LIBRARY = Path("/var/lib/terminsklar")


class StorageRefused(Exception):
    """The folder is somebody else's."""


def make_storage(base: Path) -> Path:
    """The folder to use: entered by the servers' account, written by nobody but its owner, so no link can be planted in
    it. `make_owned_folder` gives a server its own place below. Raises StorageRefused."""
    base = base.resolve()
    make_passable(base)
    if base.stat().st_uid != os.geteuid():
        raise StorageRefused(f"{base} belongs to another account. Use it from there, or choose another DATA_DIR.")
    if server_account() is None or _can_be_entered(base):
        return base
    _sweep_library()
    folder = _place_in_library(base)
    make_passable(folder)
    (folder / "base").write_text(str(base))
    return folder


def remove_storage(base: Path) -> None:
    """Stop what runs in it, and remove it wherever it is."""
    for folder in {base.resolve(), _place_in_library(base.resolve())}:
        stop_servers_in(folder)
        shutil.rmtree(folder, ignore_errors=True)


def make_passable(folder: Path) -> None:
    """Create `folder` and what is missing above it: private, or for root's servers to pass through but not to read."""
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir()
            path.chmod(0o711 if server_account() else 0o700)


def make_owned_folder(path: Path) -> Path:
    """A new or known folder that the servers' account alone may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account := server_account():
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return path


def _can_be_entered(folder: Path) -> bool:
    """Asked of the system and as the account itself: modes alone do not tell of access lists or mounts."""
    return not subprocess.run(["test", "-x", folder], check=False, **drop_privileges()).returncode


def _place_in_library(base: Path) -> Path:
    return LIBRARY / hashlib.sha256(str(base).encode()).hexdigest()[:16]


def _sweep_library() -> None:
    for note in LIBRARY.glob("*/base"):
        if not Path(note.read_text()).exists():
            stop_servers_in(note.parent)
            shutil.rmtree(note.parent, ignore_errors=True)
