"""The sandbox's own answers, kept as files so that a server can give them at once and for fleets of any size.

The rows are those that the sandbox sent for 11,000 computers. A larger fleet has them several times over, each time
with other ids, serial numbers and names. `changed` holds the pages again with every hundredth row different, and
`window` those rows alone.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import orjson

from intune_sync.graph import GraphClient
from intune_sync.payloads.devices import AUTOPILOT_PATH, AUTOPILOT_VERSION, DEVICES_PARAMS, DEVICES_PATH

RECORDED = 11_000
PAGE_ROWS = 1_000
ONE_IN = 100
Raw = dict[str, Any]
RESOURCES = {"autopilot": f"{AUTOPILOT_VERSION}/{AUTOPILOT_PATH}", "devices": f"v1.0/{DEVICES_PATH}"}
_IDS = ("id", "azureActiveDirectoryDeviceId", "azureAdDeviceId", "azureADDeviceId", "managedDeviceId")
_NAMES = ("serialNumber", "deviceName", "managedDeviceName", "displayName")
_REPORT_COLUMNS = (
    "DeviceId",
    "AppInstallState",
    "AppInstallState_loc",
    "HexErrorCode",
    "InstallStateDetail",
    "InstallStateDetail_loc",
    "LastModifiedDateTime",
)


@dataclass(frozen=True)
class Recording:
    """The rows of a sandbox by resource."""

    rows: dict[str, list[Raw]]

    def write(self, folder: Path, computers: int, url: str) -> None:
        """Pages for a fleet of `computers`, whose next links lead to the server at `url`."""
        for resource, path in RESOURCES.items():
            _write_pages(folder / "base" / resource, self._of_fleet(resource, computers), f"{url}/{path}")
        changed = map(_changed_now_and_then, count(), self._of_fleet("devices", computers))
        _write_pages(folder / "changed" / "devices", changed, f"{url}/{RESOURCES['devices']}")
        only = islice(map(_changed_now_and_then, count(), self._of_fleet("devices", computers)), 0, None, ONE_IN)
        _write_pages(folder / "window" / "devices", only, f"{url}/{RESOURCES['devices']}?window")

    def write_reports(self, folder: Path, computers: int, reports: int) -> None:
        """The report of each app on all managed computers, as the ZIP that an export job gives."""
        folder.mkdir(parents=True, exist_ok=True)
        ids = [row["id"] for row in self._of_fleet("devices", computers)]
        for number in range(reports):
            with (
                zipfile.ZipFile(folder / f"{number}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
                archive.open(f"{number}.csv", "w", force_zip64=True) as member,
                io.TextIOWrapper(member, encoding="utf-8-sig", newline="") as text,
            ):
                writer = csv.writer(text)
                writer.writerow(_REPORT_COLUMNS)
                writer.writerows(_report_row(number, place, each) for place, each in enumerate(ids))

    def _of_fleet(self, resource: str, computers: int) -> Iterator[Raw]:
        """As many rows as a fleet of that size has, in proportion to what was recorded."""
        rows = self.rows[resource]
        wanted = len(rows) * computers // RECORDED
        return islice((_copy(row, number) for number in count() for row in rows), wanted)


def record(client: GraphClient) -> Recording:
    return Recording(
        {
            "autopilot": [row for page in client.pages(AUTOPILOT_PATH, version=AUTOPILOT_VERSION) for row in page],
            "devices": [row for page in client.pages(DEVICES_PATH, DEVICES_PARAMS) for row in page],
        }
    )


def _copy(row: Raw, number: int) -> Raw:
    """Row of the `number`th copy of the fleet; the first is the recording itself."""
    if not number:
        return row
    fresh = dict(row)
    for name in _IDS:
        value = fresh.get(name)
        if value and value.strip("0-"):
            # Where a GUID says its version, never 0: so no copy has an id of the recording.
            fresh[name] = f"{value[:14]}{number:04x}{value[18:]}"
    for name in _NAMES:
        if fresh.get(name) and any(letter.isdigit() for letter in fresh[name]):
            fresh[name] = f"{fresh[name]}{number:03x}"
    return fresh


def _changed_now_and_then(place: int, row: Raw) -> Raw:
    if place % ONE_IN:
        return row
    return {**row, "osVersion": "10.0.99999.1", "freeStorageSpaceInBytes": 1_000_000}


def _write_pages(folder: Path, rows: Iterator[Raw], url: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = batched_with_last(rows, PAGE_ROWS)
    for number, (page, is_last) in enumerate(pages):
        body: Raw = {"@odata.context": url, "value": page}
        if not is_last:
            body["@odata.nextLink"] = f"{url}{'&' if '?' in url else '?'}$skiptoken={number + 1}"
        (folder / str(number)).write_bytes(orjson.dumps(body))


def batched_with_last(rows: Iterator[Raw], size: int) -> Iterator[tuple[list[Raw], bool]]:
    page = list(islice(rows, size))
    while True:
        following = list(islice(rows, size))
        yield page, not following
        if not following:
            return
        page = following


def _report_row(app: int, place: int, intune_id: str) -> tuple[str, ...]:
    """Nine in ten are installed; the others wait or have failed."""
    moment = (
        f"2027-01-{1 + (app + place) % 28:02}T{place % 24:02}:{place % 60:02}:{app % 60:02}.{place % 10_000_000:07}Z"
    )
    kind = (place + app) % 20
    if kind == 0:
        return intune_id, "2", "Failed", "0x87D1041C", "2000", "Install failed", moment
    if kind == 1:
        return intune_id, "5", "Pending install", "0x00000000", "1000", "Waiting for install status", moment
    return intune_id, "1", "Installed", "0x00000000", "0", "", moment
