"""Registering computers in Autopilot: an asynchronous import, whose records the client has to delete.

https://learn.microsoft.com/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-import
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intune_sync.graph import BatchRequest
from intune_sync.graph.beta import BETA
from intune_sync.payloads.identities import identity_path
from intune_sync.payloads.values import parse_id

IMPORTED_PATH = "deviceManagement/importedWindowsAutopilotDeviceIdentities"
IMPORT_PATH = f"{IMPORTED_PATH}/import"
SYNC_PATH = "deviceManagement/windowsAutopilotSettings/sync"
SYNC_VERSION = BETA
MOST_ROWS = 200
"""Of one call; Microsoft's own portal takes 500."""
FINAL = frozenset({"complete", "error"})


@dataclass(frozen=True)
class Imported:
    """A record of an import as Intune has it now. `code` is an error code of 8xx, 0 for none."""

    record_id: UUID
    serial_number: str
    state: str
    registration_id: UUID | None
    code: int
    error: str


def row_body(
    serial_number: str, product_key: str, hardware_hash: str, group_tag: str, user_principal_name: str
) -> dict[str, str | None]:
    return {
        "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",
        "serialNumber": serial_number,
        "productKey": product_key,
        "hardwareIdentifier": hardware_hash,
        "groupTag": group_tag,
        "assignedUserPrincipalName": user_principal_name,
    }


def import_body(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"importedWindowsAutopilotDeviceIdentities": list(rows)}


def imported(raw: Mapping[str, Any]) -> Imported | None:
    """None for a record without an id."""
    state, record_id = raw.get("state") or {}, parse_id(raw.get("id"))
    if record_id is None:
        return None
    name, code = str(state.get("deviceErrorName") or ""), int(state.get("deviceErrorCode") or 0)
    return Imported(
        record_id,
        str(raw.get("serialNumber") or "").upper(),
        str(state.get("deviceImportStatus") or "unknown"),
        parse_id(state.get("deviceRegistrationId")),
        code,
        f"{code} {name}".strip() if code or name not in ("", "None") else "",
    )


def delete_record(record_id: UUID) -> BatchRequest:
    return BatchRequest(str(record_id), "DELETE", f"/{IMPORTED_PATH}/{record_id}")


def look_up(registration_id: UUID) -> BatchRequest:
    return BatchRequest(str(registration_id), "GET", f"/{identity_path(registration_id)}")
