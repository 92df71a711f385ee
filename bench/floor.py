"""The floor under a mirror, in bare SQL on the same server and tables: decode (orjson), COPY into a temporary table,
and one MERGE, which finds by a join what differs and touches nothing else.

It checks nothing, matches by one key alone, and knows no duplicates, shrinking, schools or history.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
from django.db import connection, transaction

from intune_sync.pull.install_status import APPS_PER_TURN

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
MERGE INTO fleet_device d USING (
  SELECT f.*, m.id AS model_id, s.id AS school_id
  FROM floor f
  JOIN fleet_hardwaremodel m ON m.manufacturer = f.manufacturer AND m.name = f.model
  LEFT JOIN schools_school s ON s.group_tag = f."groupTag"
) f ON UPPER(d.serial_number) = UPPER(f."serialNumber")
WHEN MATCHED AND (d.autopilot_id, d.observed_group_tag, d.enrollment_state) IS DISTINCT FROM (f.id, f."groupTag",
  f."enrollmentState")
THEN UPDATE SET autopilot_id = f.id, observed_group_tag = f."groupTag", enrollment_state = f."enrollmentState"
WHEN NOT MATCHED THEN INSERT (serial_number, platform, hardware_model_id, lifecycle, created_at, observed_name,
  observed_group_tag, enrollment_state, compliance_state, os_version, absent_runs, autopilot_id, entra_device_id,
  school_id)
VALUES (f."serialNumber", 'windows', f.model_id, 'in_use', now(), '', f."groupTag", f."enrollmentState", 'unknown', '',
  0, f.id, f."azureActiveDirectoryDeviceId", f.school_id)
"""
_UPSERT_DEVICES = """
MERGE INTO fleet_device d USING (
  SELECT f.*, m.id AS model_id
  FROM floor f JOIN fleet_hardwaremodel m ON m.manufacturer = f.manufacturer AND m.name = f.model
) f ON UPPER(d.serial_number) = UPPER(f."serialNumber")
WHEN MATCHED AND (d.intune_id, d.observed_name, d.compliance_state, d.os_version, d.storage_total_bytes,
  d.storage_free_bytes, d.enrolled_at, d.last_check_in_at) IS DISTINCT FROM (f.id, f."deviceName", f."complianceState",
  f."osVersion", f."totalStorageSpaceInBytes", f."freeStorageSpaceInBytes", f."enrolledDateTime", f."lastSyncDateTime")
THEN UPDATE SET intune_id = f.id, observed_name = f."deviceName", compliance_state = f."complianceState",
  os_version = f."osVersion", storage_total_bytes = f."totalStorageSpaceInBytes",
  storage_free_bytes = f."freeStorageSpaceInBytes", enrolled_at = f."enrolledDateTime",
  last_check_in_at = f."lastSyncDateTime", entra_device_id = f."azureADDeviceId"
WHEN NOT MATCHED THEN INSERT (serial_number, platform, hardware_model_id, lifecycle, created_at, observed_name,
  observed_group_tag, enrollment_state, compliance_state, os_version, absent_runs, intune_id, entra_device_id,
  storage_total_bytes, storage_free_bytes, enrolled_at, last_check_in_at)
VALUES (f."serialNumber", lower(f."operatingSystem"), f.model_id, 'in_use', now(), f."deviceName", '', 'enrolled',
  f."complianceState", f."osVersion", 0, f.id, f."azureADDeviceId", f."totalStorageSpaceInBytes",
  f."freeStorageSpaceInBytes", f."enrolledDateTime", f."lastSyncDateTime")
"""
_UPSERT_INSTALLS = """
MERGE INTO deployments_installstatus k USING (
  SELECT f.*, d.id AS device_id FROM floor f JOIN fleet_device d ON d.intune_id = f.id
) f ON k.app_version_id = f.app AND k.device_id = f.device_id
WHEN MATCHED AND (k.state, k.error_code, k.detail, k.reported_at) IS DISTINCT FROM (f.state, f.error, f.detail, f.at)
THEN UPDATE SET state = f.state, error_code = f.error, detail = f.detail, reported_at = f.at
WHEN NOT MATCHED THEN INSERT (app_version_id, device_id, state, error_code, detail, reported_at, installed_at)
VALUES (f.app, f.device_id, f.state, f.error, f.detail, f.at, f.at)
"""
# One serial number once: a floor has no answer to two rows of one computer.
_ONCE = """
DELETE FROM floor earlier USING floor later
WHERE UPPER(later."serialNumber") = UPPER(earlier."serialNumber") AND later.ctid > earlier.ctid
"""


def mirror_autopilot(pages: Path) -> None:
    _mirror(_AUTOPILOT, _decoded(pages, _AUTOPILOT), [_MODELS, _ONCE, _UPSERT_AUTOPILOT])


def mirror_devices(pages: Path) -> None:
    _mirror(_DEVICES, _decoded(pages, _DEVICES), [_MODELS, _ONCE, _UPSERT_DEVICES])


def mirror_installs(reports: Path, versions: dict[int, int]) -> None:
    """`versions`: our version's key by the number of the report. As many reports at once as the portal takes."""
    left = iter(versions.items())
    while some := list(islice(left, APPS_PER_TURN)):
        texts = (text for number, version in some for text in _report(reports / f"{number}.zip", version))
        _mirror(_INSTALLS, texts, [_UPSERT_INSTALLS])


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
