"""One report on the whole tenant: ordered, waited for in short turns, ordered anew when it failed or got stuck.

`rest` of the run is `{"job": id, "since": when it was ordered, "tries": how many were ordered}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from datetime import timedelta
from typing import Any

from intune_sync.payloads.values import parse_date
from intune_sync.pull.exports import ExportFailed, ended_exports, export_rows, start_exports
from intune_sync.pull.outcome import Outcome, Pull

PATIENCE_SECONDS = 20.0
RESUME_SECONDS = 10.0
STUCK_AFTER = timedelta(minutes=5)
MOST_JOBS = 3
KEY = "report"


def finished_report(pull: Pull, body: dict[str, Any]) -> str | Outcome:
    """The address of the report, or the outcome with which this turn ends.

    Raises ExportFailed when three jobs one after another came to nothing.
    """
    rest = pull.run.rest
    tries, since = int(rest.get("tries", 0)), parse_date(rest.get("since")) or pull.now
    job = rest.get("job")
    if not job:
        job, since, tries = start_exports(pull.graph, {KEY: body})[KEY], pull.now, tries + 1
    for export in ended_exports(pull.graph, {KEY: job}, PATIENCE_SECONDS):
        if export.url:
            return export.url
        job = ""
    if job and pull.now - since <= STUCK_AFTER:
        rest = {"job": job, "since": since.isoformat(), "tries": tries}
        return Outcome(rest=rest, resume_in_seconds=RESUME_SECONDS)
    if tries >= MOST_JOBS:
        raise ExportFailed
    return Outcome({"exports_failed": 1}, rest={"tries": tries}, resume_in_seconds=RESUME_SECONDS)


def report_rows(pull: Pull, url: str, row_of: Callable[[dict[str, str]], Any]) -> Iterator[tuple[Any, ...]]:
    """The fields of what `row_of` makes of each row: a dataclass, or None for a row that is of no use."""
    for number, row in enumerate(map(row_of, export_rows(pull.graph, url)), start=1):
        if number % 1000 == 0:
            pull.seen(number)
        if row is not None:
            yield astuple(row)
