"""Enrolment attempts: Intune tells of the last weeks, and here they stay.

Nothing is removed because it is absent: an attempt that the report no longer has is one that Intune has forgotten.
"""

from __future__ import annotations

from django.db import connection

from intune_sync.payloads.device_reports import attempt_row, attempts_job
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.whole_report import pull_report

COLUMNS = {
    "intune_id": "uuid",
    "serial_key": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "outcome": "text",
    "deployment_time": "interval",
    "device_setup_time": "interval",
    "account_setup_time": "interval",
    "failed_step": "text",
    "reason": "text",
    "profile_name": "text",
    "os_version": "text",
}
_KEPT = [name for name in COLUMNS if name not in ("intune_id", "serial_key", "started_at")]

# The report's DeviceId is the managed device's in some tenants and the Entra device's in others. It may have an attempt
# twice while it goes on; what it says last counts.
_MATCHED = f"""
CREATE TEMPORARY TABLE matched_attempts ON COMMIT DROP AS
WITH named_by_entra AS (
  SELECT DISTINCT ON (entra_device_id) entra_device_id, id FROM fleet_device
  WHERE entra_device_id IS NOT NULL ORDER BY entra_device_id, id
)
SELECT DISTINCT ON (d.id, p.started_at) d.id AS device_id, p.started_at, {", ".join("p." + name for name in _KEPT)}
FROM pulled_attempts p
LEFT JOIN fleet_device i ON i.intune_id = p.intune_id
LEFT JOIN named_by_entra e ON e.entra_device_id = p.intune_id
LEFT JOIN fleet_device s ON UPPER(s.serial_number) = p.serial_key
JOIN fleet_device d ON d.id = COALESCE(i.id, e.id, s.id)
ORDER BY d.id, p.started_at, p.place DESC
"""  # noqa: S608 - no value in it
_SAVE = f"""
WITH written AS (
  INSERT INTO fleet_enrolmentattempt AS kept (device_id, started_at, {", ".join(_KEPT)})
  SELECT m.device_id, m.started_at, {", ".join("m." + name for name in _KEPT)} FROM matched_attempts m
  LEFT JOIN fleet_enrolmentattempt a ON a.device_id = m.device_id AND a.started_at = m.started_at
  WHERE a.id IS NULL OR ({", ".join("a." + name for name in _KEPT)})
    IS DISTINCT FROM ({", ".join("m." + name for name in _KEPT)})
  ON CONFLICT (device_id, started_at) DO UPDATE
    SET ({", ".join(_KEPT)}) = ROW({", ".join("excluded." + name for name in _KEPT)})
  RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
"""  # noqa: S608 - no value in it
_MATCHED_ROWS = "SELECT count(*) FROM matched_attempts"


def pull_enrolments(pull: Pull) -> Outcome:
    return pull_report(pull, attempts_job(), attempt_row, ("pulled_attempts", COLUMNS), merge)


def merge() -> dict[str, int]:
    """Bring the history up to the staged rows, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.matched_attempts")
        cursor.execute(_MATCHED)
        cursor.execute(_MATCHED_ROWS)
        matched = cursor.fetchone()[0]
        cursor.execute(_SAVE)
        created, updated = cursor.fetchone()
    return {"matched": matched, "created": created, "updated": updated}
