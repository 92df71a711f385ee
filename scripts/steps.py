"""Steps of the set-up: each is done again only when what it is made from has changed."""

import fcntl
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT


class StepFailed(Exception):
    """A step could not be done; the text is for the person who ran it."""


@dataclass(frozen=True)
class Step:
    """`stamp` holds the digest of what the step last ran on. It lives inside the result, so that deleting the result
    deletes the stamp too."""

    name: str
    stamp: Path
    digest: Callable[[], str]
    run: Callable[[], None]

    def is_current(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.digest()

    def make(self) -> None:
        """Run the step, print one line with its seconds, and stamp the result. Raises StepFailed."""
        print(f"  {self.name} …", end=" ", flush=True)
        started = time.monotonic()
        try:
            self.run()
        except BaseException:
            print("failed", flush=True)
            raise
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.digest())
        print(f"{time.monotonic() - started:.1f} s", flush=True)


def digest_of(*parts: Path | str) -> str:
    """SHA-256 of texts and of files by relative name and content; a folder counts as every file below it."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(f"text {part}\n".encode())
            continue
        files = sorted(path for path in part.rglob("*") if path.is_file()) if part.is_dir() else [part]
        for file in files:
            content = file.read_bytes() if file.is_file() else b"absent"
            digest.update(f"file {file.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def run_quietly(command: Sequence[str | Path], env: dict[str, str] | None = None) -> str:
    """Run from the root of the project and return what was printed. Raises StepFailed with its last lines."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if result.returncode:
        last_lines = "\n".join(f"    {line}" for line in result.stdout.splitlines()[-15:])
        raise StepFailed(f"`{' '.join(words)}` ended with {result.returncode}:\n{last_lines}")
    return result.stdout


@contextmanager
def one_set_up_at_a_time() -> Iterator[None]:
    """Two terminals may type `make` at once; the second waits and then finds everything done."""
    lock = ROOT / ".cache" / "set-up.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running in this folder; waiting for it.", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
