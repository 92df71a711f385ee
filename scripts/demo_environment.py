"""The environment of the demo's processes, from the variables that docs/configuration.md describes."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import VENV

# Marks every process of a demo, so that the next start on the same data finds what a killed one left running.
MARK = "TERMINSKLAR_DEMO"

# The machine's own, and what a person may tune. All else is set here: a stray variable of the shell changes nothing.
PASSED_ON = ("HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "LOG_LEVEL", "SWEEP_SECONDS", "SYNC_INTERVAL_SECONDS")

CLIENT_ID = "5d3b9a54-6a3e-4c0d-9f55-0d6c6e2f7a11"
PACE = "240"  # times faster than life: a computer that checks in every eight hours does so every two minutes
# The portal has to look as much more often to see it live.
HASTE = {"SYNC_INTERVAL_SECONDS": "30", "SWEEP_SECONDS": "5", "ROLLOUT_SECONDS": "10"}


@dataclass(frozen=True)
class Secrets:
    secret_key: str
    client_secret: str
    demo_password: str


def demo_secrets(data_dir: Path) -> Secrets:
    """Made once per data folder, so that sessions outlive a restart; only the owner can read them."""
    path = data_dir / "secrets.json"
    if not path.exists():
        fresh = Secrets(secrets.token_urlsafe(50), secrets.token_urlsafe(30), secrets.token_urlsafe(12))
        write_privately(path, json.dumps(vars(fresh)))
    return Secrets(**json.loads(path.read_text()))


def base_environment(data_dir: Path) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return passed_on | {"PATH": path, "PYTHONUNBUFFERED": "1", MARK: str(data_dir)}


def sandbox_environment(data_dir: Path, devices: int) -> dict[str, str]:
    return base_environment(data_dir) | {
        "SANDBOX_PORT": "0",
        "SANDBOX_STATE_DIR": str(data_dir / "sandbox"),
        "SANDBOX_DEVICES": str(devices),
        "SANDBOX_PACE": PACE,
        "SANDBOX_SNAPSHOT": "true",
        "SANDBOX_CLIENT_ID": CLIENT_ID,
        "SANDBOX_CLIENT_SECRET": demo_secrets(data_dir).client_secret,
    }


def portal_address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def portal_environment(
    data_dir: Path,
    port: int,
    sandbox: Mapping[str, Any],
    *,
    database_url: str,
    redis_url: str,
    sign_in: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """`sandbox` is what the sandbox wrote when it was ready: `url`, `tenant_id`, `client_id`, `client_secret` and, for
    each identity, its registration. `sign_in` is the registration with which people sign in."""
    address = portal_address(port)
    return (
        HASTE
        | base_environment(data_dir)
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": demo_secrets(data_dir).secret_key,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "SITE_URL": address,
            "CSRF_TRUSTED_ORIGINS": f"{address},http://localhost:{port}",
            "SECURE_COOKIES": "false",
            "GRAPH_URL": sandbox["url"],
            "AUTHORITY_URL": sandbox["url"],
            "GRAPH_CA_BUNDLE": str(data_dir / "sandbox" / "ca.pem"),
            "TENANT_ID": sandbox["tenant_id"],
            "CLIENT_ID": sandbox["client_id"],
            "CLIENT_SECRET": sandbox["client_secret"],
            **_identities(sandbox),
            **{f"SIGN_IN_{part}".upper(): (sign_in or {}).get(part, "") for part in ("client_id", "client_secret")},
            "LOCAL_ACCOUNTS": "true",
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}",
        }
    )


def _identities(sandbox: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"GRAPH_{name}_{part}".upper(): known[part]
        for name, known in sandbox.get("registrations", {}).items()
        if name in ("reader", "writer", "destructive")
        for part in ("client_id", "client_secret")
    }


def demo_password(data_dir: Path) -> dict[str, str]:
    """For create_demo, which gives it to every demo account."""
    return {"DEMO_PASSWORD": demo_secrets(data_dir).demo_password}


def write_privately(path: Path, text: str) -> None:
    """Replace the file in one step; nobody but its owner can read it at any moment."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
