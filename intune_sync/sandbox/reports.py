"""Export jobs: a report is ordered, prepared for a while, and fetched as a ZIP with one CSV from a signed address."""

import csv
import hashlib
import hmac
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from .chance import unit
from .device_reports import DEVICE_REPORTS
from .errors import GraphFault
from .query import Filter, FilterError, parse_filter
from .report_rows import REPORTS, Report, Row
from .switches import switch
from .world import World

Json = dict[str, Any]

SECONDS_PER_ROW = 0.0004  # of real life, divided by the pace
EXPORT_SECONDS = switch("export_seconds", 6.0, "How long a report is being prepared, besides a moment for each row.")
EXPORT_URL_SECONDS = switch("export_url_seconds", 4 * 3600.0, "How long the address of a finished export is good.")
EXPORT_FAILED_RATE = switch("export_failed_rate", 0.0, "The share of export jobs that fail.")
EXPORT_STUCK_RATE = switch("export_stuck_rate", 0.0, "The share of export jobs that are in progress for ever.")
EXPORT_LEFT_OUT = switch("export_left_out", 0.0, "The share of rows that finished exports lack.")
KEPT_SECONDS = 3600.0  # a job outlives its address
FORMATS = ("csv",)
LOCALIZATIONS = ("localizedValuesAsAdditionalColumn", "replaceLocalizableValues")


@dataclass(slots=True)
class ExportJob:
    id: str
    report: Report
    filter_text: str
    condition: Filter
    columns: list[str]
    localization: str
    requested_at: float
    starts_at: float
    ready_at: float
    url_seconds: float
    outcome: str = "completed"
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def expires_at(self) -> float:
        return self.ready_at + self.url_seconds

    def status(self, now: float) -> str:
        if now < self.starts_at:
            return "notStarted"
        return "inProgress" if now < self.ready_at else self.outcome


class ExportJobs:
    def __init__(self, world: World, secret: bytes) -> None:
        self.world, self.secret = world, secret
        self.jobs: dict[str, ExportJob] = {}
        self.created = 0

    def create(self, body: Json) -> ExportJob:
        """Raises GraphFault 400 for an unknown report, column or format, or a missing filter."""
        report = _known_report(body)
        columns = list(body.get("select") or report.columns)
        if unknown := [column for column in columns if column not in report.columns]:
            raise GraphFault(400, "BadRequest", f"Invalid column '{unknown[0]}' in report {report.name}.")
        filter_text = str(body.get("filter") or "")
        condition = report_condition(report, filter_text)
        localization = _choice(body, "localizationType", LOCALIZATIONS)
        _choice(body, "format", FORMATS)
        now, pace, seconds = self.world.clock.now(), self.world.life.pace, self.world.settings[EXPORT_SECONDS]
        rows = report.expected_rows(self.world, filter_text)
        job = ExportJob(
            id=f"{report.name}_{uuid4()}",
            report=report,
            filter_text=filter_text,
            condition=condition,
            columns=columns,
            localization=localization,
            requested_at=now,
            starts_at=now + seconds / 3 / pace,
            ready_at=now + (seconds + SECONDS_PER_ROW * rows) / pace,
            url_seconds=self.world.settings[EXPORT_URL_SECONDS],
            outcome=self._outcome(),
        )
        self.jobs[job.id] = job
        self._forget_old(now)
        return job

    def _outcome(self) -> str:
        self.created += 1
        settings, chance = self.world.settings, unit(self.world.seed, 75, self.created)
        failed, stuck = settings[EXPORT_FAILED_RATE], settings[EXPORT_STUCK_RATE]
        if chance < failed:
            return "failed"
        return "inProgress" if chance < failed + stuck else "completed"

    def signature(self, job: ExportJob) -> str:
        text = f"{job.id}/{int(job.expires_at)}"
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def archive(self, job: ExportJob) -> bytes:
        """The ZIP with the state of this moment."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(job_header(job))
        rows, left_out = job.report.rows(self.world, job.filter_text), self.world.settings[EXPORT_LEFT_OUT]
        if left_out:
            rows = (row for place, row in enumerate(rows) if unit(place, 76) >= left_out)
        writer.writerows(_csv_rows(job, rows))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(f"{job.id}.csv", text.getvalue().encode("utf-8-sig"))
        return packed.getvalue()

    def _forget_old(self, now: float) -> None:
        self.jobs = {identifier: job for identifier, job in self.jobs.items() if job.expires_at > now - KEPT_SECONDS}


def job_header(job: ExportJob) -> list[str]:
    """Columns as selected; localizable ones have a twin unless they are replaced."""
    twins = job.report.localized if job.localization == LOCALIZATIONS[0] else {}
    return [name for column in job.columns for name in ([column, f"{column}_loc"] if column in twins else [column])]


def _csv_rows(job: ExportJob, rows: Iterator[Row]) -> Iterator[list[Any]]:
    getters: list[Callable[[Row], Any]] = []
    for column in job.columns:
        localized = job.report.localized.get(column)
        if localized is None or job.localization == LOCALIZATIONS[0]:
            getters.append(_getter(column))
        if localized is not None:
            getters.append(_localized(column, localized))
    matches = job.condition.matches
    return ([get(row) for get in getters] for row in rows if matches(row))


def _getter(column: str) -> Callable[[Row], Any]:
    return lambda row: row.get(column)


def _localized(column: str, texts: Mapping[Any, str]) -> Callable[[Row], Any]:
    return lambda row: texts.get(row.get(column), row.get(column))


def _known_report(body: Json) -> Report:
    report = {**REPORTS, **DEVICE_REPORTS}.get(str(body.get("reportName")))
    if report is None:
        raise GraphFault(400, "BadRequest", f"Report {body.get('reportName')} does not exist.")
    return report


def _choice(body: Json, name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name) or allowed[0]
    if value not in allowed:
        raise GraphFault(400, "BadRequest", f"The value '{value}' of '{name}' is not supported.")
    return str(value)


def report_condition(report: Report, text: str) -> Filter:
    """Values are compared as text, as the report service does."""
    fields = {column: _as_text(column) for column in report.filters}
    try:
        condition = parse_filter(text, fields) if text else Filter(lambda row: True)
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter for report {report.name}: {error}.") from error
    if missing := [column for column in report.required_filters if column.lower() not in condition.properties]:
        raise GraphFault(400, "BadRequest", f"Report {report.name} needs a filter on {missing[0]}.")
    return condition


def _as_text(column: str) -> Callable[[Row], str]:
    return lambda row: str(row.get(column))
