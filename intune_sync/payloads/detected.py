"""Detected software, from v1.0. Intune gathers it about once a week.

https://learn.microsoft.com/graph/api/resources/intune-devices-detectedapp
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from intune_sync.payloads.values import text

DETECTED_PATH = "deviceManagement/detectedApps"
DETECTED_PARAMS = {"$select": "id,displayName,version,deviceCount"}


@dataclass(frozen=True)
class DetectedRow:
    name: str
    version: str
    device_count: int


def detected_row(raw: dict[str, Any]) -> DetectedRow:
    return DetectedRow(
        name=text(raw.get("displayName"), 300).strip(),
        version=text(raw.get("version"), 100).strip(),
        device_count=max(0, int(raw.get("deviceCount") or 0)),
    )
