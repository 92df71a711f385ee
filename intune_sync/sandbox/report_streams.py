"""Reports that are answered at once, as a stream of JSON: columns by name and type, and rows as lists.

The shape is that of the reports in Intune's own pages; Microsoft describes it only as a stream.
"""

from collections.abc import Callable
from typing import Any

from .errors import GraphFault
from .report_rows import REPORTS, Report, Row
from .reports import report_condition
from .switches import switch
from .world import World

Json = dict[str, Any]

STREAM_ROWS = switch("report_stream_rows", 50.0, "How many rows a report's stream holds when nothing is asked.")
MOST_ROWS = 1000
OVERVIEW_COLUMNS = (
    *("ApplicationId", "InstalledDeviceCount", "FailedDeviceCount", "PendingInstallDeviceCount"),
    *("NotApplicableDeviceCount", "NotInstalledDeviceCount"),
)


def install_status(world: World, body: Json) -> Json:
    """One row per device that the app of the filter concerns. Raises GraphFault 400."""
    report = REPORTS["DeviceInstallStatusByApp"]
    return _stream(world, body, report, report.columns)


def install_summary(world: World, body: Json) -> Json:
    report = REPORTS["AppInstallStatusAggregate"]
    return _stream(world, body, report, report.columns)


def status_overview(world: World, body: Json) -> Json:
    """The counts of one app. Raises GraphFault 400 without a filter on it."""
    text = str(body.get("filter") or "")
    report_condition(REPORTS["DeviceInstallStatusByApp"], text)
    aggregate = REPORTS["AppInstallStatusAggregate"]
    rows = [row for row in aggregate.rows(world, "") if str(row["ApplicationId"]).lower() in text.lower()]
    return _shown(rows, list(OVERVIEW_COLUMNS), len(rows))


def _stream(world: World, body: Json, report: Report, columns: tuple[str, ...]) -> Json:
    chosen = list(body.get("select") or columns)
    if unknown := [name for name in chosen if name not in columns]:
        raise GraphFault(400, "BadRequest", f"Invalid column '{unknown[0]}' in report {report.name}.")
    text, search = str(body.get("filter") or ""), str(body.get("search") or "").casefold()
    matches = report_condition(report, text).matches
    rows = [row for row in report.rows(world, text) if matches(row) and _is_found(row, search)]
    for key, is_descending in reversed([_order(item, columns) for item in body.get("orderBy") or ()]):
        rows.sort(key=key, reverse=is_descending)
    skip, top = int(body.get("skip") or 0), int(body.get("top") or world.settings[STREAM_ROWS])
    return _shown(rows[skip : skip + min(top, MOST_ROWS)], chosen, len(rows))


def _order(item: str, columns: tuple[str, ...]) -> tuple[Callable[[Row], str], bool]:
    name, _, direction = item.partition(" ")
    if name not in columns:
        raise GraphFault(400, "BadRequest", f"Invalid column '{name}' in orderBy.")
    return lambda row: str(row.get(name)), direction.strip().lower() == "desc"


def _is_found(row: Row, search: str) -> bool:
    return not search or any(search in str(value).casefold() for value in row.values())


def _shown(rows: list[Row], columns: list[str], total: int) -> Json:
    kinds = {column: _kind(rows[0].get(column)) if rows else "String" for column in columns}
    return {
        "TotalRowCount": total,
        "Schema": [{"Column": column, "PropertyType": kinds[column]} for column in columns],
        "Values": [[row.get(column) for column in columns] for row in rows],
        "SessionId": "",
    }


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Int32"
    return "Double" if isinstance(value, float) else "String"
