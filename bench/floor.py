"""The floor under a mirror, in bare SQL on the same server and tables: decode (orjson), COPY into a temporary table,
and one upsert of what differs, found by an anti-join first.

It checks nothing, matches by one key alone, and knows no duplicates, shrinking, schools or history.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
from django.db import connection, transaction

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_AUTOPILOT = {
    "id": "uuid",
    "serialNumber": "text",
    "groupTag": "text",
    "manufacturer": "text",
    "model": "text",
    "enrollmentState": "text",
    "azureActiveDirectoryDeviceId": "uuid",
}
_DEVICES = {
    "id": "uuid",
    "serialNumber": "text",
    "deviceName": "text",
    "manufacturer": "text",
    "model": "text",
    "operatingSystem": "text",
    "osVersion": "text",
    "complianceState": "text",
    "totalStorageSpaceInBytes": "bigint",
    "freeStorageSpaceInBytes": "bigint",
    "enrolledDateTime": "timestamptz",
    "lastSyncDateTime": "timestamptz",
    "azureADDeviceId": "uuid",
}
_INSTALLS = {"app": "bigint", "id": "uuid", "state": "text", "error": "text", "detail": "text", "at": "timestamptz"}

_MODELS = """
INSERT INTO fleet_hardwaremodel (manufacturer, name, platform)
SELECT DISTINCT manufacturer, model, 'windows' FROM floor ON CONFLICT DO NOTHING
"""
_UPSERT_AUTOPILOT = """
INSERT INTO fleet_device AS kept (serial_number, platform, hardware_model_id, lifecycle, created_at, observed_name,
  observed_group_tag, enrollment_state, compliance_state, os_version, absent_runs, autopilot_id, entra_device_id,
  school_id)
SELECT f."serialNumber", 'windows', m.id, 'in_use', now(), '', f."groupTag", f."enrollmentState", 'unknown', '', 0,
  f.id, f."azureActiveDirectoryDeviceId", s.id
FROM floor f
JOIN fleet_hardwaremodel m ON m.manufacturer = f.manufacturer AND m.name = f.model
LEFT JOIN schools_school s ON s.group_tag = f."groupTag"
LEFT JOIN fleet_device d ON UPPER(d.serial_number) = UPPER(f."serialNumber")
WHERE (d.autopilot_id, d.observed_group_tag, d.enrollment_state) IS DISTINCT FROM (f.id, f."groupTag",
  f."enrollmentState")
ON CONFLICT DO NOTHING
"""
_UPSERT_DEVICES = """
INSERT INTO fleet_device AS kept (serial_number, platform, hardware_model_id, lifecycle, created_at, observed_name,
  observed_group_tag, enrollment_state, compliance_state, os_version, absent_runs, intune_id, entra_device_id,
  storage_total_bytes, storage_free_bytes, enrolled_at, last_check_in_at)
SELECT DISTINCT ON (UPPER(f."serialNumber")) f."serialNumber", lower(f."operatingSystem"), m.id, 'in_use', now(),
  f."deviceName", '', 'enrolled', f."complianceState", f."osVersion", 0, f.id, f."azureADDeviceId",
  f."totalStorageSpaceInBytes", f."freeStorageSpaceInBytes", f."enrolledDateTime", f."lastSyncDateTime"
FROM floor f
JOIN fleet_hardwaremodel m ON m.manufacturer = f.manufacturer AND m.name = f.model
LEFT JOIN fleet_device d ON UPPER(d.serial_number) = UPPER(f."serialNumber")
WHERE (d.intune_id, d.observed_name, d.compliance_state, d.os_version, d.storage_total_bytes, d.storage_free_bytes,
  d.enrolled_at, d.last_check_in_at) IS DISTINCT FROM (f.id, f."deviceName", f."complianceState", f."osVersion",
  f."totalStorageSpaceInBytes", f."freeStorageSpaceInBytes", f."enrolledDateTime", f."lastSyncDateTime")
ON CONFLICT (UPPER(serial_number)) DO UPDATE SET observed_name = excluded.observed_name,
  compliance_state = excluded.compliance_state, os_version = excluded.os_version, intune_id = excluded.intune_id,
  entra_device_id = excluded.entra_device_id, storage_total_bytes = excluded.storage_total_bytes,
  storage_free_bytes = excluded.storage_free_bytes, enrolled_at = excluded.enrolled_at,
  last_check_in_at = excluded.last_check_in_at
"""
_UPSERT_INSTALLS = """
INSERT INTO deployments_installstatus AS kept
  (app_version_id, device_id, state, error_code, detail, reported_at, installed_at)
SELECT f.app, d.id, f.state, f.error, f.detail, f.at, f.at
FROM floor f JOIN fleet_device d ON d.intune_id = f.id
LEFT JOIN deployments_installstatus k ON k.app_version_id = f.app AND k.device_id = d.id
WHERE (k.state, k.error_code, k.detail, k.reported_at) IS DISTINCT FROM (f.state, f.error, f.detail, f.at)
ON CONFLICT (app_version_id, device_id) DO UPDATE SET state = excluded.state, error_code = excluded.error_code,
  detail = excluded.detail, reported_at = excluded.reported_at
"""


def mirror_autopilot(pages: Path) -> None:
    _mirror(_AUTOPILOT, _decoded(pages, _AUTOPILOT), [_MODELS, _UPSERT_AUTOPILOT])


def mirror_devices(pages: Path) -> None:
    _mirror(_DEVICES, _decoded(pages, _DEVICES), [_MODELS, _UPSERT_DEVICES])


def mirror_installs(reports: Path, versions: dict[int, int]) -> None:
    """`versions`: our version's key by the number of the report."""
    for number, version in versions.items():
        _mirror(_INSTALLS, _report(reports / f"{number}.zip", version), [_UPSERT_INSTALLS])


def _mirror(columns: dict[str, str], texts: Iterable[str], statements: list[str]) -> None:
    with connection.cursor() as cursor:
        definition = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        cursor.execute(f"CREATE TEMPORARY TABLE floor ({definition})")
        for text in texts:
            cursor.copy_expert("COPY floor FROM STDIN", io.StringIO(text))
        cursor.execute("ANALYZE floor")
        with transaction.atomic():
            for statement in statements:
                cursor.execute(statement)
        cursor.execute("DROP TABLE floor")


def _decoded(pages: Path, columns: dict[str, str]) -> Iterator[str]:
    """A page as lines of COPY."""
    cells = itemgetter(*columns)
    number = 0
    while (path := pages / str(number)).exists():
        rows = orjson.loads(path.read_bytes())["value"]
        yield "".join([_line(cells(row)) for row in rows])
        number += 1


def _line(cells: Iterable[Any]) -> str:
    return "\t".join(["\\N" if cell is None else str(cell).translate(_ESCAPES) for cell in cells]) + "\n"


_STATES = {"1": "installed", "2": "failed", "5": "pendingInstall"}


def _report(path: Path, version: int) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
        rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8-sig", newline=""))
        next(rows)
        lines = []
        for row in rows:
            lines.append(f"{version}\t{row[0]}\t{_STATES[row[1]]}\t{row[3]}\t{row[5]}\t{row[6]}\n")
            if len(lines) == 5_000:
                yield "".join(lines)
                lines = []
        yield "".join(lines)
