"""Starts the Graph sandbox as the separate process it is, and talks to its control surface."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 30


@dataclass
class SandboxProcess:
    """A running sandbox; `ca_path` is what clients must trust."""

    process: subprocess.Popen[bytes]
    url: str
    ca_path: str
    tenant_id: str
    client_id: str
    client_secret: str
    log_path: Path
    registrations: dict[str, dict[str, str]]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.verify = self.ca_path
        self.session.trust_env = False

    def get(self, path: str, **options: Any) -> Any:
        """JSON of `/sandbox/…`; raises for an error status."""
        return self._control("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> Any:
        return self._control("POST", path, data=json.dumps(body), **options)

    def delete(self, path: str) -> Any:
        return self._control("DELETE", path)

    def advance(self, seconds: float) -> None:
        """Let the computers live through `seconds`."""
        self.post("/sandbox/clock", {"advance_seconds": seconds}, timeout=120)

    def token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        answer = self.session.post(f"{self.url}/{self.tenant_id}/oauth2/v2.0/token", data=form, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def as_identity(self, name: str) -> "SandboxProcess":
        """The same sandbox, signed in to as another registration: `single`, `reader`, `writer` or `destructive`."""
        known = self.registrations[name]
        return replace(self, client_id=known["client_id"], client_secret=known["client_secret"])

    def stop(self) -> int:
        """End it as an operator would; the exit status."""
        self.session.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(timeout=10)

    def _control(self, method: str, path: str, *, timeout: float = 30, **options: Any) -> Any:
        answer = self.session.request(method, self.url + path, timeout=timeout, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def start_sandbox(
    state_dir: Path,
    *,
    devices: int = 200,
    seed: int = 1,
    pace: float = 1.0,
    throttle: str = "off",
    extra: Sequence[str] = (),
) -> SandboxProcess:
    """A sandbox that answers. Raises RuntimeError with its log when it does not within half a minute."""
    state_dir.mkdir(parents=True, exist_ok=True)
    description = state_dir / "sandbox.json"
    description.unlink(missing_ok=True)
    log_path = state_dir / "sandbox.log"
    options = ["--state-dir", state_dir, "--devices", devices, "--seed", seed, "--pace", pace, "--throttle", throttle]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "intune_sync.sandbox", *map(str, options), *extra],
            cwd=REPOSITORY,
            env={name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")},
            stdout=log,
            stderr=log,
        )
    known = _wait_for(description, process, log_path)
    return SandboxProcess(
        process,
        known["url"],
        str(state_dir / "ca.pem"),
        known["tenant_id"],
        known["client_id"],
        known["client_secret"],
        log_path,
        known["registrations"],
    )


def _wait_for(description: Path, process: subprocess.Popen[bytes], log_path: Path) -> dict[str, Any]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if description.exists():
            known: dict[str, Any] = json.loads(description.read_text(encoding="utf-8"))
            return known
        time.sleep(0.03)
    process.kill()
    raise RuntimeError(f"the sandbox did not start:\n{log_path.read_text(encoding='utf-8', errors='replace')}")
