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


def register_sign_in(graph: dict[str, Any], state_dir: Path, portal_url: str) -> dict[str, str]:
    """An app registration of its own for people's sign-in to the portal: `client_id` and `client_secret`."""
    wanted = {"name": "sign-in", "redirect_uris": [f"{portal_url}/login/entra/return/"]}
    with requests.Session() as session:
        session.trust_env = False
        address, ca = f"{graph['url']}/sandbox/registrations", str(state_dir / "ca.pem")
        answer = session.post(address, json=wanted, timeout=10, verify=ca)
    answer.raise_for_status()
    registered: dict[str, str] = answer.json()
    return registered


def answers(url: str, verify: Path | None = None) -> bool:
    """200, at the end of any redirects: the portal's front page leads to its login page."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy, and no other certificates, for an address of this machine
        try:
            return session.get(url, timeout=5, verify=str(verify) if verify else True).status_code == 200
        except requests.RequestException:
            return False
