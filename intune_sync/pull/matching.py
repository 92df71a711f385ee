"""What the pulls of Autopilot identities and of managed devices share once `resolved` says which row is which computer.

`resolved` has, beside the columns of the staging table: `device_id` (null: no computer of ours), `rank` (1 for the row
that counts, higher for older rows of the same computer), `holder_id` (the computer that has the row's id now),
`says_school` (its tag may place the computer), and `created` for computers that this pull makes; those have their
`device_id` already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from intune_sync.pull.staging import analyse
from intune_sync.pull.unmatched import SEEN_AGAIN_EVERY

MANY = 500
WORK_MEMORY = "64MB"
"""Of PostgreSQL, for each sort or join of a merge: with the usual 4 MB, thirty thousand computers go over the disk."""

# A page that moved while it was read may send a record twice: the last counts.
_SENT_TWICE = "SELECT count(*) FROM (SELECT FROM {table} GROUP BY graph_id HAVING count(*) > 1) AS twice"
_DROP_EARLIER = """
DELETE FROM {table} AS earlier USING {table} AS later
WHERE later.graph_id = earlier.graph_id AND later.place > earlier.place
"""

# `found_id` is the computer that a candidate was matched with. Rows that match none and have a serial number of their
# own become computers, and get their key here: so each computer is written once.
_RANKED = """
CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS
WITH candidate AS (
  SELECT sent.*, UPPER(sent.own_serial) AS serial_key, {candidate}
),
ranked AS (
  SELECT candidate.*, ROW_NUMBER() OVER (
    PARTITION BY found_id,
      CASE WHEN found_id IS NULL THEN COALESCE('serial ' || serial_key, graph_id::text) END COLLATE "C"
    ORDER BY {order}, graph_id
  ) AS rank
  FROM candidate
)
SELECT ranked.*, {columns}, found_id IS NULL AND rank = 1 AND serial_key IS NOT NULL AS created,
  CASE WHEN found_id IS NULL AND rank = 1 AND serial_key IS NOT NULL
       THEN nextval(pg_get_serial_sequence('fleet_device', 'id')) ELSE found_id END AS device_id
FROM ranked
"""

# An id may move between computers (a main board was changed): whoever has it lets go first, for the unique constraint.
_LET_GO = """
UPDATE fleet_device d SET {own_id} = NULL FROM resolved r
WHERE r.rank = 1 AND r.holder_id <> r.device_id AND d.id = r.holder_id AND d.{own_id} = r.graph_id
"""

# A computer whose own record one answer lacks does not become another record's on the spot.
_STAND_BACK = """
UPDATE resolved r SET rank = r.rank + 1 FROM fleet_device d
WHERE d.id = r.device_id AND r.rank = 1 AND d.{own_id} <> r.graph_id AND {stands_back_when}
  AND NOT EXISTS (SELECT FROM resolved own WHERE own.graph_id = d.{own_id})
"""

_HARDWARE_MODELS = """
INSERT INTO fleet_hardwaremodel (manufacturer, name, platform)
SELECT DISTINCT ON (manufacturer, model) manufacturer, model, platform FROM resolved r
WHERE created AND NOT EXISTS (
  SELECT FROM fleet_hardwaremodel m WHERE m.manufacturer = r.manufacturer AND m.name = r.model)
ORDER BY manufacturer, model, platform
ON CONFLICT (manufacturer, name) DO NOTHING
"""

# What a computer has of which nobody has said anything yet.
_UNSAID = {
    "observed_name": "''",
    "observed_group_tag": "''",
    "enrollment_state": "'unknown'",
    "compliance_state": "'unknown'",
    "os_version": "''",
    "absent_runs": "0",
}
_DEVICES = """
WITH made AS (
  INSERT INTO fleet_device (id, serial_number, platform, hardware_model_id, lifecycle, created_at, school_id, {names})
  SELECT r.device_id, r.serial, r.platform, m.id, r.lifecycle, %(now)s, s.id, {values}
  FROM resolved r
  JOIN fleet_hardwaremodel m ON m.manufacturer = r.manufacturer AND m.name = r.model
  LEFT JOIN schools_school s ON s.group_tag = r.tag AND r.says_school
  WHERE r.created
  ON CONFLICT DO NOTHING
  RETURNING school_id
)
SELECT count(*), count(school_id) FROM made
"""

# A computer that has a school keeps it, whatever its tag says now: moving one is a person's decision.
_SCHOOLS = """
UPDATE fleet_device d SET school_id = s.id
FROM resolved r JOIN schools_school s ON s.group_tag = r.tag
WHERE r.device_id = d.id AND r.rank = 1 AND r.says_school AND d.school_id IS NULL
"""

_UNMATCHED = """
CREATE TEMPORARY TABLE unmatched ON COMMIT DROP AS
WITH found AS (
  SELECT r.graph_id::text AS graph_id, r.serial AS serial_number, r.label,
    CASE WHEN r.device_id IS NULL AND r.serial = '' THEN 'no_serial'
         WHEN r.device_id IS NULL AND r.serial_key IS NULL THEN 'placeholder_serial'
         ELSE 'duplicate_serial' END AS reason
  FROM resolved r WHERE r.device_id IS NULL OR r.rank > 1
  UNION ALL
  SELECT r.graph_id::text, r.serial, r.label, 'unknown_school'
  FROM resolved r JOIN fleet_device d ON d.id = r.device_id
  WHERE d.school_id IS NULL AND r.rank = 1 AND r.says_school
)
SELECT found.*, kept.id AS kept_id
FROM found LEFT JOIN intune_sync_unmatchedrecord kept
  ON kept.resource = %(resource)s AND kept.graph_id = found.graph_id
"""
_SETTLED = """
DELETE FROM intune_sync_unmatchedrecord kept
WHERE resource = %(resource)s AND NOT EXISTS (SELECT FROM unmatched u WHERE u.kept_id = kept.id)
"""
_AMONG_THE_SENT = " AND EXISTS (SELECT FROM resolved r WHERE r.graph_id::text = kept.graph_id)"
_LISTED_AGAIN = """
UPDATE intune_sync_unmatchedrecord kept
SET serial_number = u.serial_number, label = u.label, reason = u.reason, last_seen_at = %(now)s
FROM unmatched u
WHERE kept.id = u.kept_id
  AND ((kept.serial_number, kept.label, kept.reason) IS DISTINCT FROM (u.serial_number, u.label, u.reason)
       OR kept.last_seen_at <= %(seen_before)s)
"""
_LISTED = """
INSERT INTO intune_sync_unmatchedrecord (resource, graph_id, serial_number, label, reason, first_seen_at, last_seen_at)
SELECT %(resource)s, u.graph_id, u.serial_number, u.label, u.reason, %(now)s, %(now)s FROM unmatched u
WHERE u.kept_id IS NULL
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


def resolving(*, candidate: str, order: str, columns: str) -> str:
    """SQL that makes `resolved`. `candidate`: columns from `found_id` on and the FROM that gives them, in which the
    staging table is `sent`; `order`: which of several rows of one computer counts; `columns`: further ones."""
    return _RANKED.format(candidate=candidate, order=order, columns=columns)


def prepare(statement: Statement) -> None:
    """Settings of the caller's transaction, for statements that read whole tables once."""
    statement.run(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
    statement.run("SET LOCAL jit = off")


def resolve(statement: Statement, table: str, sql: str) -> None:
    """Make `resolved` from the staging table, in the caller's transaction.

    Without statistics PostgreSQL takes it for small, and compares every row with every row; with the index that does no
    harm either when it takes the computers for few.
    """
    prepare(statement)
    if statement.number(_SENT_TWICE.format(table=table)):
        statement.run(_DROP_EARLIER.format(table=table))
    statement.run("DROP TABLE IF EXISTS pg_temp.resolved")
    statement.run(sql)
    statement.run("CREATE INDEX ON resolved (device_id)")
    analyse("resolved")


@dataclass(frozen=True)
class _Found:
    """What is to be done for the rows of `resolved`, counted. `moved`: the id of a row is another computer's now;
    `homeless`: computers without a school whose row may place them; `older`: rows of a computer that do not count."""

    created: int
    moved: int
    returned: int
    changed: int
    homeless: int
    older: int


def _look(statement: Statement, observed: Mapping[str, str]) -> _Found:
    """Meet each computer once, before anything is written. `observed`: SQL by column of what it is to be."""
    ((created, moved, returned, changed, homeless, older),) = statement.rows(f"""
    SELECT count(*) FILTER (WHERE r.created),
      count(*) FILTER (WHERE r.rank = 1 AND r.holder_id <> r.device_id),
      count(*) FILTER (WHERE r.rank = 1 AND d.missing_since IS NOT NULL),
      count(*) FILTER (WHERE r.rank = 1 AND d.id IS NOT NULL AND {_differ(observed)}),
      count(*) FILTER (WHERE r.rank = 1 AND d.id IS NOT NULL AND r.says_school AND d.school_id IS NULL),
      count(*) FILTER (WHERE r.rank > 1 AND r.serial_key IS NOT NULL)
    FROM resolved r LEFT JOIN fleet_device d ON d.id = r.device_id
    """)  # noqa: S608 - no value in it
    return _Found(created, moved, returned, changed, homeless, older)


@dataclass(frozen=True)
class Side:
    """How the rows of one list become columns of computers, in SQL. `own_id`: the column that has a row's id; `new` and
    `changed`: what each column is to be, of a computer that is made and of one that was there; `stands_back_when`:
    `r` is not to count before a second answer lacks the row that `d` is known by."""

    own_id: str
    new: Mapping[str, str]
    changed: Mapping[str, str]
    stands_back_when: str


@dataclass(frozen=True)
class Taken:
    created: int
    updated: int
    returned: int
    placed: int
    older: int


def take_over(statement: Statement, side: Side) -> Taken:
    """Bring the computers up to the rows of `resolved` that count; `older` rows do not."""
    found = _look(statement, side.changed)
    if found.changed and statement.run(_STAND_BACK.format(own_id=side.own_id, stands_back_when=side.stands_back_when)):
        found = _look(statement, side.changed)
    if found.moved:
        statement.run(_LET_GO.format(own_id=side.own_id))
    made = _create_devices(statement, side.new) if found.created else _Made()
    updated = _update_devices(statement, side.changed) if found.changed or found.moved else 0
    placed = made.placed + (_place_devices(statement) if found.homeless else 0)
    return Taken(made.created, updated, found.returned, placed, found.older)


@dataclass(frozen=True)
class _Made:
    created: int = 0
    placed: int = 0


def _create_devices(statement: Statement, observed: Mapping[str, str]) -> _Made:
    """Computers for the rows of `resolved` that make one, with the school of their tag. `observed`: SQL by column."""
    columns = {**_UNSAID, **observed}
    statement.run(_HARDWARE_MODELS)
    sql = _DEVICES.format(names=", ".join(columns), values=", ".join(columns.values()))
    ((created, placed),) = statement.rows(sql)
    if created > MANY:
        statement.run("ANALYZE fleet_device")
    return _Made(created, placed)


def _update_devices(statement: Statement, observed: Mapping[str, str]) -> int:
    """Bring the computers of `resolved` that were there before up to `observed`, SQL by column; only what differs."""
    updated = statement.run(f"""
    UPDATE fleet_device d SET {", ".join(f"{name} = {value}" for name, value in observed.items())}
    FROM resolved r
    WHERE r.device_id = d.id AND r.rank = 1 AND NOT r.created AND {_differ(observed)}
    """)  # noqa: S608 - no value in it
    if updated > MANY:  # the planner believes what it was told, such as that no computer has an Intune id
        statement.run("ANALYZE fleet_device (autopilot_id, intune_id, entra_device_id, missing_since)")
    return updated


def _differ(observed: Mapping[str, str]) -> str:
    names = ", ".join(f"d.{name}" for name in observed)
    return f"({names}) IS DISTINCT FROM ({', '.join(observed.values())})"


def _place_devices(statement: Statement) -> int:
    """Give computers that have no school the one of their group tag."""
    return statement.run(_SCHOOLS)


def list_unmatched(resource: str, statement: Statement, now: datetime, *, is_window: bool = False) -> int:
    """List rows that match no computer, older rows of one, and computers whose tag no school has; returns how many.

    A window settles only what it has sent.
    """
    values = {"resource": resource, "now": now, "seen_before": now - SEEN_AGAIN_EVERY}
    listing = Statement({**statement.values, **values})
    listing.run("DROP TABLE IF EXISTS pg_temp.unmatched")
    listing.run(_UNMATCHED)
    listing.run("CREATE INDEX ON unmatched (kept_id)")
    listing.run(_SETTLED + (_AMONG_THE_SENT if is_window else ""))
    listing.run(_LISTED_AGAIN)
    listing.run(_LISTED)
    return listing.number("SELECT count(*) FROM unmatched")
