"""Install status: a cheap summary says which apps have changed; only for those the report of all computers is read.

`whole_report` waits for the summary. Then a turn reads at most 20 apps, and the run goes on in the next: `rest` is
`{"apps": {app id: summary counts}, "jobs": {app id: job id}, "since": time of the oldest job, "failed": {app id: how
many of its jobs came to nothing}}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction

from deployments.models import AppVersion
from intune_sync.models import IntuneApp
from intune_sync.payloads.reports import details_job, summary_counts, summary_job
from intune_sync.payloads.values import parse_date
from intune_sync.pull.exports import ended_exports, export_lists, export_rows, start_exports
from intune_sync.pull.install_lines import install_lines
from intune_sync.pull.matching import MANY, Statement, prepare
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.staging import Staging, analyse, staging
from intune_sync.pull.whole_report import finished_report

APPS_PER_TURN = 20
ROWS_AT_ONCE = 5_000
PATIENCE_SECONDS = 40.0
RESUME_SECONDS = 10.0
GIVE_UP_AFTER = timedelta(minutes=5)
MOST_JOBS = 3
"""Ordered for an app in one run; after that the next run tries."""
READ_AT_LEAST_EVERY = timedelta(days=1)

COLUMNS = {
    "app_version_id": "bigint",
    "intune_id": "uuid",
    "state": "text",
    "error_code": "text",
    "detail": "text",
    "reported_at": "timestamptz",
}

# A computer that several people use is reported several times for one app: the last report counts. Without any such,
# nothing has to be sorted.
_SEVERAL = """
SELECT count(*) FROM (
  SELECT FROM pulled_installs GROUP BY app_version_id, intune_id HAVING count(*) > 1) AS several
"""
# Each row meets what is kept once, before anything is written; a statement that looked into the table it fills would
# read again for every row what it has just written, where PostgreSQL takes the table for empty.
_LATEST = """
CREATE TEMPORARY TABLE latest ON COMMIT DROP AS
SELECT said.*, kept.id AS kept_id, kept.state <> 'unknown' AS was_known,
  (kept.state, kept.error_code, kept.detail, kept.reported_at)
    IS DISTINCT FROM (said.state, said.error_code, said.detail, said.reported_at) AS differs
FROM (
  SELECT {distinct} p.app_version_id, d.id AS device_id, p.state, p.error_code, p.detail, p.reported_at
  FROM pulled_installs p JOIN fleet_device d ON d.intune_id = p.intune_id
  {order}
) said
LEFT JOIN deployments_installstatus kept
  ON kept.app_version_id = said.app_version_id AND kept.device_id = said.device_id
"""
_DISTINCT = "DISTINCT ON (p.app_version_id, d.id)"
_LAST_FIRST = "ORDER BY p.app_version_id, d.id, p.reported_at DESC NULLS LAST, p.place"
_FOUND = """
SELECT count(*) FILTER (WHERE kept_id IS NULL), count(*) FILTER (WHERE differs AND kept_id IS NOT NULL),
  count(*) FILTER (WHERE was_known)
FROM latest
"""

# What is as it was is not touched: ON CONFLICT would lock, and thereby write, every row.
_UPDATE = """
UPDATE deployments_installstatus kept SET
  state = l.state, error_code = l.error_code, detail = l.detail, reported_at = l.reported_at,
  installed_at = CASE WHEN l.state IN ('failed', 'notInstalled', 'notApplicable') THEN NULL
                      WHEN l.state = 'installed' THEN COALESCE(kept.installed_at, l.reported_at, %(now)s)
                      ELSE kept.installed_at END
FROM latest l WHERE kept.id = l.kept_id AND l.differs
"""
_INSERT = """
INSERT INTO deployments_installstatus (app_version_id, device_id, state, error_code, detail, reported_at, installed_at)
SELECT app_version_id, device_id, state, error_code, detail, reported_at,
  CASE WHEN state = 'installed' THEN COALESCE(reported_at, %(now)s) END
FROM latest WHERE kept_id IS NULL
ORDER BY app_version_id, device_id
"""

# Intune no longer says anything of these: not deleted, but no longer known.
_NOT_SAID = """
UPDATE deployments_installstatus kept SET state = 'unknown', error_code = '', detail = ''
WHERE app_version_id = ANY(%(versions)s) AND state <> 'unknown'
  AND NOT EXISTS (SELECT FROM latest WHERE latest.kept_id = kept.id)
"""
_KNOWN = (
    "SELECT count(*) FROM deployments_installstatus WHERE app_version_id = ANY(%(versions)s) AND state <> 'unknown'"
)


def pull_install_status(pull: Pull) -> Outcome:
    rest = pull.run.rest
    if "apps" in rest:
        return _read_apps(pull, rest["apps"], rest.get("jobs", {}), _since(pull, rest))
    summary = finished_report(pull, summary_job())
    if isinstance(summary, Outcome):
        return summary
    apps = _changed_apps(pull, summary)
    return _read_apps(pull, apps, {}, pull.now) if apps else Outcome({"apps": 0})


def _since(pull: Pull, rest: dict[str, Any]) -> datetime:
    return parse_date(rest.get("since")) or pull.now


def _changed_apps(pull: Pull, url: str) -> dict[str, dict[str, int]]:
    """Catalogued apps whose summary differs from the one of their last reading, or that were not read for a day.

    The longest unread come first.
    """
    summary = dict(counts for row in export_rows(pull.graph, url) if (counts := summary_counts(row)))
    catalogued = IntuneApp.objects.filter(
        graph_id__in=AppVersion.objects.values("intune_app_id"), missing_since=None
    ).order_by("installs_read_at", "id")
    return {
        str(app.graph_id): summary.get(app.graph_id, {})
        for app in catalogued
        if summary.get(app.graph_id, {}) != app.install_counts or (app.install_counts and _is_old(app, pull.now))
    }


def _is_old(app: IntuneApp, now: datetime) -> bool:
    return app.installs_read_at is None or now - app.installs_read_at > READ_AT_LEAST_EVERY


def _read_apps(pull: Pull, apps: dict[str, dict[str, int]], jobs: dict[str, str], since: datetime) -> Outcome:
    """One turn: the exports of up to 20 apps, then one upsert."""
    turn = list(jobs) or list(apps)[:APPS_PER_TURN]
    jobs = jobs or start_exports(pull.graph, {app_id: details_job(app_id) for app_id in turn})
    versions = _versions(turn)
    failed, read, seen = list[str](), list[str](), 0
    with staging("pulled_installs", COLUMNS) as table:
        for export in ended_exports(pull.graph, jobs, PATIENCE_SECONDS):
            if not export.url:
                failed.append(export.key)
            if export.url and export.key in versions:
                for rows in _staged(pull, table, export.url, versions[export.key]):
                    seen += rows
                    pull.seen(seen)
                read.append(export.key)
            jobs = {key: job for key, job in jobs.items() if key != export.key}
        table.analyse()
        with transaction.atomic():
            pull.confirm()
            counts = _merge(pull, [versions[app_id] for app_id in read])
            for app in IntuneApp.objects.filter(graph_id__in=read):
                app.install_counts, app.installs_read_at = apps[str(app.graph_id)], pull.now
                app.save(update_fields=["install_counts", "installs_read_at"])
    if jobs and pull.now - since > GIVE_UP_AFTER:
        failed, jobs = [*failed, *jobs], {}
    tries = _counted(pull.run.rest.get("failed", {}), failed)
    again = {app_id for app_id in failed if tries[app_id] < MOST_JOBS}
    left = {key: counts for key, counts in apps.items() if key not in turn or key in jobs or key in again}
    outcome = Outcome({"apps": len(read), "seen": seen, "exports_failed": len(failed), **counts})
    if left:
        since = since if jobs else pull.now
        outcome.rest = {"apps": left, "jobs": jobs, "since": since.isoformat(), "failed": tries}
        outcome.resume_in_seconds = RESUME_SECONDS if jobs or again else 0.0
    return outcome


def _counted(tries: dict[str, int], failed: list[str]) -> dict[str, int]:
    return {**tries, **{app_id: tries.get(app_id, 0) + 1 for app_id in failed}}


def _versions(app_ids: list[str]) -> dict[str, int]:
    """Our version's key by Intune app id."""
    found = AppVersion.objects.filter(intune_app_id__in=app_ids).values_list("intune_app_id", "pk")
    return {str(app_id): key for app_id, key in found}


def _staged(pull: Pull, table: Staging, url: str, version_id: int) -> Iterator[int]:
    """ZIP to CSV to COPY, a few thousand rows at a time, whose numbers come out: memory stays flat."""
    rows = export_lists(pull.graph, url)
    as_lines = install_lines(version_id, next(rows, []))
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        lines = as_lines(chunk)
        table.add_lines(lines)
        yield lines.count("\n")


def _merge(pull: Pull, version_ids: list[int]) -> dict[str, int]:
    statement = Statement({"now": pull.now, "versions": version_ids})
    prepare(statement)
    statement.run("DROP TABLE IF EXISTS pg_temp.latest")
    several = statement.number(_SEVERAL)
    statement.run(_LATEST.format(distinct=_DISTINCT if several else "", order=_LAST_FIRST if several else ""))
    ((new, differing, still_said),) = statement.rows(_FOUND)
    not_said = statement.number(_KNOWN) - still_said
    if not_said or differing:
        statement.run("CREATE INDEX ON latest (kept_id)")
        analyse("latest")
    updated = (statement.run(_UPDATE) if differing else 0) + (statement.run(_NOT_SAID) if not_said else 0)
    created = statement.run(_INSERT) if new else 0
    if created > MANY:
        statement.run("ANALYZE deployments_installstatus")
    return {"created": created, "updated": updated}
