"""One report on the whole tenant: ordered, waited for in short turns, ordered anew when it failed or got stuck.

`rest` of the run is `{"job": id, "since": when it was ordered, "tries": how many were ordered}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple
from datetime import timedelta
from typing import Any

from django.db import transaction

from intune_sync.payloads.values import parse_date
from intune_sync.pull.exports import ExportFailed, ended_exports, export_rows, start_exports
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.staging import staging

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


def pull_report(
    pull: Pull,
    body: dict[str, Any],
    row_of: Callable[[dict[str, str]], Any],
    table: tuple[str, Mapping[str, str]],
    merge: Callable[[], dict[str, int]],
) -> Outcome:
    """Stage the report's rows in `table` (name, types by column) and let `merge` bring them in, in one transaction.

    `row_of` makes a dataclass of each row, or None of one that is of no use.
    """
    report = finished_report(pull, body)
    if isinstance(report, Outcome):
        return report
    with staging(*table) as staged:
        staged.add(_rows(pull, report, row_of))
        staged.analyse()
        seen = staged.count()
        with transaction.atomic():
            pull.confirm()
            return Outcome({"seen": seen, **merge()})


def _rows(pull: Pull, url: str, row_of: Callable[[dict[str, str]], Any]) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(map(row_of, export_rows(pull.graph, url)), start=1):
        if number % 1000 == 0:
            pull.seen(number)
        if row is not None:
            yield astuple(row)
