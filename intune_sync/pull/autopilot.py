"""Autopilot identities: which computers are registered, with which group tag, and how far their enrolment is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction

from intune_sync.payloads.devices import AUTOPILOT_PATH, AUTOPILOT_VERSION, autopilot_row
from intune_sync.pull.guard import check_computers
from intune_sync.pull.matching import Statement, create_devices, list_unmatched, place_devices, resolve
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.staging import staging

COLUMNS = {
    "graph_id": "uuid",
    "serial": "text",
    "own_serial": "text",
    "tag": "text",
    "manufacturer": "text",
    "model": "text",
    "enrollment_state": "text",
    "profile_status": "text",
    "entra_device_id": "uuid",
    "managed_device_id": "uuid",
    "seen_at": "timestamptz",
}

# By Autopilot id, then by the Intune record that the identity names, then by serial number. Of several identities of
# one computer the one it is known by counts, else the one that was in contact last.
_RESOLVE = """
CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS
WITH sent AS (
  SELECT DISTINCT ON (graph_id) *, UPPER(own_serial) AS serial_key FROM pulled_autopilot ORDER BY graph_id, place DESC
),
candidate AS (
  SELECT sent.*, COALESCE(a.id, i.id, s.id) AS device_id, a.id IS NOT NULL AS is_known
  FROM sent
  LEFT JOIN fleet_device a ON a.autopilot_id = sent.graph_id
  LEFT JOIN fleet_device i ON i.intune_id = sent.managed_device_id
  LEFT JOIN fleet_device s ON UPPER(s.serial_number) = sent.serial_key
)
SELECT candidate.*, serial AS label, 'windows' AS platform, true AS says_school, false AS created,
  CASE enrollment_state WHEN 'notContacted' THEN 'registered' ELSE 'in_use' END AS lifecycle,
  ROW_NUMBER() OVER (
    PARTITION BY COALESCE(device_id::text, 'serial ' || serial_key, 'alone ' || graph_id::text)
    ORDER BY is_known DESC, seen_at DESC NULLS LAST, graph_id
  ) AS rank
FROM candidate
"""

_KNOWN = "SELECT count(*) FROM fleet_device WHERE autopilot_id IS NOT NULL AND missing_since IS NULL"
_IS_ABSENT = "NOT EXISTS (SELECT FROM resolved r WHERE r.device_id = d.id AND r.rank = 1)"
_ABSENT = f"""
SELECT count(*) FROM fleet_device d
WHERE d.autopilot_id IS NOT NULL AND d.missing_since IS NULL AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it

# The id may move between computers (a main board was changed): whoever has it lets go first, for the unique constraint.
_LET_GO = """
UPDATE fleet_device d SET autopilot_id = NULL FROM resolved r
WHERE r.rank = 1 AND d.autopilot_id = r.graph_id AND r.device_id <> d.id
"""

_UPDATE = """
UPDATE fleet_device d SET
  autopilot_id = r.graph_id,
  observed_group_tag = r.tag,
  enrollment_state = r.enrollment_state,
  profile_status = r.profile_status,
  entra_device_id = CASE WHEN d.intune_id IS NULL THEN COALESCE(r.entra_device_id, d.entra_device_id)
                         ELSE d.entra_device_id END,
  entra_object_id = CASE WHEN d.intune_id IS NOT NULL
                           OR COALESCE(r.entra_device_id, d.entra_device_id) = d.entra_device_id
                         THEN d.entra_object_id END,
  absent_runs = CASE WHEN d.intune_id IS NULL THEN 0 ELSE d.absent_runs END,
  missing_since = CASE WHEN d.intune_id IS NULL THEN NULL ELSE d.missing_since END
FROM resolved r
WHERE r.device_id = d.id AND r.rank = 1 AND r.created = %(created)s AND (
  (d.autopilot_id, d.observed_group_tag, d.enrollment_state, d.profile_status)
    IS DISTINCT FROM (r.graph_id, r.tag, r.enrollment_state, r.profile_status)
  OR d.intune_id IS NULL AND (
    d.entra_device_id IS DISTINCT FROM COALESCE(r.entra_device_id, d.entra_device_id)
    OR d.absent_runs > 0 OR d.missing_since IS NOT NULL))
"""

# Intune still answers for an enrolled computer; it has only left Autopilot.
_LEFT_AUTOPILOT = f"""
UPDATE fleet_device d SET autopilot_id = NULL, profile_status = 'unknown'
WHERE d.autopilot_id IS NOT NULL AND d.intune_id IS NOT NULL AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it

_ABSENT_AGAIN = f"""
UPDATE fleet_device d SET absent_runs = d.absent_runs + 1,
  missing_since = CASE WHEN d.absent_runs >= 1 THEN %(now)s END
WHERE d.autopilot_id IS NOT NULL AND d.intune_id IS NULL AND d.missing_since IS NULL AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it
_MISSING = "SELECT count(*) FROM fleet_device WHERE missing_since = %(now)s"


def pull_autopilot(pull: Pull) -> Outcome:
    with staging("pulled_autopilot", COLUMNS) as table:
        seen = 0
        for page in pull.graph.pages(AUTOPILOT_PATH, version=AUTOPILOT_VERSION):
            table.add(staged_rows(page))
            seen += len(page)
            pull.seen(seen)
        table.analyse()
        with transaction.atomic():
            pull.confirm()
            counts = merge(pull)
    return Outcome({"seen": seen, **counts})


def staged_rows(page: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in map(autopilot_row, page):
        yield (
            row.graph_id,
            row.serial,
            row.own_serial,
            row.group_tag,
            row.manufacturer,
            row.model,
            row.enrollment_state,
            row.profile_status,
            row.entra_device_id,
            row.managed_device_id,
            row.contacted_at,
        )


def merge(pull: Pull) -> dict[str, int]:
    """Bring the computers up to the staged rows; raises UnsafeAnswer before anything is written."""
    statement = Statement({"now": pull.now})
    resolve(statement, _RESOLVE)
    absent = statement.number(_ABSENT)
    if not pull.is_released:
        check_computers(absent, statement.number(_KNOWN))
    statement.run(_LET_GO)
    created = create_devices(statement)
    Statement({"created": True}).run(_UPDATE)
    updated = Statement({"created": False}).run(_UPDATE)
    placed = place_devices(statement)
    updated += statement.run(_LEFT_AUTOPILOT)
    statement.run(_ABSENT_AGAIN)
    return {
        "created": created,
        "updated": updated,
        "placed": placed,
        "absent": absent,
        "missing": statement.number(_MISSING),
        "unmatched": list_unmatched(pull.run.resource, statement, pull.now),
    }
