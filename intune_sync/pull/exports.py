"""Export jobs: ordered, prepared by Intune for seconds or minutes, fetched as a ZIP with one CSV file.

A job may never end, or fail; then it is given up, and a later run orders a new one.
https://learn.microsoft.com/intune/intune-service/fundamentals/reports-export-graph-apis
"""

from __future__ import annotations

import csv
import io
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from intune_sync import own_words
from intune_sync.graph import BadAnswer, BatchRequest, GraphClient, GraphError
from intune_sync.payloads.reports import EXPORT_JOBS_PATH, job_request

FIRST_LOOK, LONGEST_PAUSE = 0.5, 3.0


class ExportFailed(GraphError):
    """Intune could not finish a report, however often it was ordered."""

    def __init__(self) -> None:
        super().__init__(own_words.NO_EXPORT)


@dataclass(frozen=True)
class Export:
    """A job that has ended; without `url` it failed."""

    key: str
    url: str


def start_exports(graph: GraphClient, bodies: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Order the reports; returns the job id by key."""
    requests = [
        BatchRequest(key, "POST", f"/{EXPORT_JOBS_PATH}", body=body, only_asks=True) for key, body in bodies.items()
    ]
    jobs = {}
    for key, answer in graph.batch(requests).items():
        if answer.error:
            raise answer.error
        jobs[key] = str(answer.body["id"])
    return jobs


def ended_exports(graph: GraphClient, jobs: Mapping[str, str], patience_seconds: float) -> Iterator[Export]:
    """The jobs (id by key) as they end, all asked after in one call; those that have not ended in time do not come."""
    waiting, deadline, pause = dict(jobs), time.monotonic() + patience_seconds, FIRST_LOOK
    while waiting:
        answers = graph.batch([job_request(job_id) for job_id in waiting.values()])
        for key, job_id in list(waiting.items()):
            answer = answers[job_id]
            if answer.error and answer.error.transient:
                raise answer.error
            status = "failed" if answer.error else str(answer.body.get("status"))
            if status in ("completed", "failed"):
                del waiting[key]
                yield Export(key, str(answer.body.get("url") or "") if status == "completed" else "")
        if time.monotonic() + pause > deadline:
            return
        if waiting:
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)


def export_rows(graph: GraphClient, url: str) -> Iterator[dict[str, str]]:
    """Rows of the CSV file by column, read from disk as they are asked for. Raises BadAnswer for a broken file."""
    rows = export_lists(graph, url)
    header = next(rows, [])
    return (dict(zip(header, row, strict=False)) for row in rows)


def export_lists(graph: GraphClient, url: str) -> Iterator[list[str]]:
    """The header of the CSV file and then its rows, likewise."""
    with tempfile.TemporaryFile() as file:
        graph.download(url, file)
        try:
            with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as member:
                rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8-sig", newline=""))
                yield from (row for row in rows if row)
        except (zipfile.BadZipFile, IndexError, UnicodeDecodeError, csv.Error, EOFError) as error:
            raise BadAnswer(own_words.BROKEN_EXPORT) from error
