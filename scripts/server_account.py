"""Who runs the private servers, and where they keep their files: PostgreSQL refuses to run as root."""

import hashlib
import os
import pwd
import subprocess
from functools import cache
from pathlib import Path
from typing import TypedDict

LIBRARY = Path("/var/lib/terminsklar")


class StorageRefused(Exception):
    """The folder is somebody else's."""


class DropTo(TypedDict, total=False):
    """Keyword arguments for subprocess."""

    user: int
    group: int
    extra_groups: list[int]


@cache
def server_account() -> pwd.struct_passwd | None:
    """`nobody` when this process is root; None when the servers run as the person who started them."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def drop_privileges() -> DropTo:
    account = server_account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def storage_folder(base: Path) -> Path:
    """`base`, or a folder of root's own where the servers' account cannot reach `base`: below /root, for instance."""
    base = base.resolve()
    if server_account() is None or _is_reachable(base):
        return base
    return LIBRARY / hashlib.sha256(str(base).encode()).hexdigest()[:16]


def make_storage(base: Path) -> Path:
    """The storage folder: entered by the servers' account, written by nobody but its owner, so no link can be planted
    in it. `make_owned_folder` gives a server its own place below. Raises StorageRefused."""
    folder = storage_folder(base)
    make_passable(folder)
    if folder.stat().st_uid != os.geteuid():
        raise StorageRefused(f"{folder} belongs to another account. Use it from there, or choose another DATA_DIR.")
    return folder


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


def _is_reachable(folder: Path) -> bool:
    """Asked of the system and as the account itself: modes alone do not tell of access lists or mounts."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest == folder:  # what stands in it is ours to open, the way to it is not
        nearest = folder.parent
    return not subprocess.run(["test", "-x", nearest], check=False, **drop_privileges()).returncode
