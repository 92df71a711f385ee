"""A sandbox with more apps than the municipality that it plays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

from intune_sync.sandbox.tenant import DEFAULT_FILE
from tests.sandbox_process import SandboxProcess, start_sandbox

LIKE = "Audacity"


def names(count: int) -> list[str]:
    return [f"Programvara {number:04}" for number in range(count)]


def start_with(apps: Sequence[str], folder: Path, *, devices: int) -> SandboxProcess:
    """Each of the apps beside those that there are, as `LIKE`."""
    described = json.loads(Path(DEFAULT_FILE).read_text(encoding="utf-8"))
    model = next(app for app in described["apps"] if app["display_name"] == LIKE)
    described["apps"] += [
        deepcopy(model) | {"id": str(uuid5(NAMESPACE_DNS, name)), "display_name": name} for name in apps
    ]
    tenant = folder / "tenant.json"
    tenant.write_text(json.dumps(described), encoding="utf-8")
    return start_sandbox(folder, devices=devices, extra=["--tenant", str(tenant)])
