"""What the pulls of Autopilot identities and of managed devices share once `resolved` says which row is which computer.

`resolved` has, beside the columns of the staging table: `device_id` (null: no computer of ours yet), `rank` (1 for the
row that counts, higher for older rows of the same computer), and `created` for computers that this pull has made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from intune_sync.models import UnmatchedRecord
from intune_sync.pull.unmatched import Unmatched, save_unmatched

Reason = UnmatchedRecord.Reason
MANY = 500

_NEW = "rank = 1 AND device_id IS NULL AND serial_key IS NOT NULL"

_HARDWARE_MODELS = f"""
INSERT INTO fleet_hardwaremodel (manufacturer, name, platform)
SELECT DISTINCT ON (manufacturer, model) manufacturer, model, platform FROM resolved WHERE {_NEW}
ORDER BY manufacturer, model, platform
ON CONFLICT (manufacturer, name) DO NOTHING
"""  # noqa: S608 - no value in it

_DEVICES = f"""
WITH made AS (
  INSERT INTO fleet_device (serial_number, platform, hardware_model_id, lifecycle, created_at,
    observed_name, observed_group_tag, enrollment_state, compliance_state, os_version, absent_runs)
  SELECT r.serial, r.platform, m.id, r.lifecycle, %(now)s, '', '', 'unknown', 'unknown', '', 0
  FROM resolved r
  JOIN fleet_hardwaremodel m ON m.manufacturer = r.manufacturer AND m.name = r.model
  WHERE {_NEW}
  ON CONFLICT DO NOTHING
  RETURNING id, serial_number
)
UPDATE resolved SET device_id = made.id, created = true
FROM made WHERE UPPER(made.serial_number) = resolved.serial_key AND rank = 1 AND device_id IS NULL
"""  # noqa: S608 - no value in it

# A computer that has a school keeps it, whatever its tag says now: moving one is a person's decision.
_SCHOOLS = """
UPDATE fleet_device d SET school_id = s.id
FROM resolved r JOIN schools_school s ON s.group_tag = r.tag
WHERE r.device_id = d.id AND r.rank = 1 AND r.says_school AND d.school_id IS NULL
"""

_UNMATCHED = """
SELECT r.graph_id::text, r.serial, r.label,
  CASE WHEN r.device_id IS NULL AND r.serial = '' THEN 'no_serial'
       WHEN r.device_id IS NULL AND r.serial_key IS NULL THEN 'placeholder_serial'
       WHEN r.rank > 1 THEN 'duplicate_serial'
       ELSE 'unknown_school' END
FROM resolved r
LEFT JOIN fleet_device d ON d.id = r.device_id
WHERE r.device_id IS NULL OR r.rank > 1 OR (d.school_id IS NULL AND r.says_school)
"""


@dataclass(frozen=True)
class Statement:
    """Runs SQL with the named values of one pull; each call returns the number of rows."""

    values: dict[str, Any]

    def run(self, sql: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values)
            return int(cursor.rowcount)

    def number(self, sql: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values)
            return int(cursor.fetchone()[0])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.values)
            return list(cursor.fetchall())


def resolve(statement: Statement, sql: str) -> None:
    """Make `resolved`. Without statistics PostgreSQL takes it for small, and compares every row with every row."""
    statement.run("DROP TABLE IF EXISTS pg_temp.resolved")
    statement.run(sql)
    statement.run("CREATE INDEX ON resolved (device_id)")
    statement.run("ANALYZE resolved")


def create_devices(statement: Statement) -> int:
    """Computers for rows that match none and have a serial number of their own."""
    statement.run(_HARDWARE_MODELS)
    created = statement.run(_DEVICES)
    if created > MANY:
        statement.run("ANALYZE fleet_device, resolved")
    return created


def place_devices(statement: Statement) -> int:
    """Give computers that have no school the one of their group tag."""
    return statement.run(_SCHOOLS)


_SENT = "SELECT DISTINCT graph_id::text FROM resolved"


def list_unmatched(resource: str, statement: Statement, now: datetime, *, is_window: bool = False) -> int:
    """Rows that match no computer, older rows of one, and computers whose tag no school has; returns how many.

    A window settles only what it has sent.
    """
    found = [
        Unmatched(graph_id, serial, label, Reason(reason))
        for graph_id, serial, label, reason in statement.rows(_UNMATCHED)
    ]
    sent = {graph_id for (graph_id,) in statement.rows(_SENT)} if is_window else None
    return save_unmatched(resource, found, now, among=sent)
