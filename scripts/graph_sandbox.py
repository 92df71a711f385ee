"""Waiting for the Graph sandbox, and for any address of this machine."""

import json
from pathlib import Path
from typing import Any

import requests

from scripts.children import Child, wait_until


def wait_for_sandbox(sandbox: Child, state_dir: Path, seconds: float) -> dict[str, Any]:
    """What it writes when it answers: `url`, `tenant_id`, `client_id`, `client_secret`.

    The file of an earlier start must be gone before. Raises ChildFailed.
    """
    announcement = state_dir / "sandbox.json"
    wait_until(announcement.exists, sandbox, seconds=seconds)
    graph: dict[str, Any] = json.loads(announcement.read_text())
    health = f"{graph['url']}/sandbox/health"
    wait_until(lambda: answers(health, verify=state_dir / "ca.pem"), sandbox, seconds=seconds)
    return graph


def answers(url: str, verify: Path | None = None) -> bool:
    """200, at the end of any redirects: the portal's front page leads to its login page."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy, and no other certificates, for an address of this machine
        try:
            return session.get(url, timeout=5, verify=str(verify) if verify else True).status_code == 200
        except requests.RequestException:
            return False
