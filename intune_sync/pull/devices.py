"""Managed devices: what Intune last heard from each computer."""

from __future__ import annotations

from collections import Counter

from django.db import transaction

from intune_sync.models import SyncRun
from intune_sync.payloads.devices import DEVICES_PATH, devices_params
from intune_sync.pull.device_lines import device_lines
from intune_sync.pull.guard import check_computers
from intune_sync.pull.matching import Side, Statement, list_unmatched, resolve, resolving, take_over
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.positions import move_watermark, watermark
from intune_sync.pull.staging import staging

MOST_ROUNDS = 5
COLUMNS = {
    "graph_id": "uuid",
    "serial": "text",
    "own_serial": "text",
    "label": "text",
    "tag": "text",
    "manufacturer": "text",
    "model": "text",
    "platform": "text",
    "os_version": "text",
    "compliance_state": "text",
    "storage_total_bytes": "bigint",
    "storage_free_bytes": "bigint",
    "enrolled_at": "timestamptz",
    "seen_at": "timestamptz",
    "entra_device_id": "uuid",
}

# By the Autopilot identity, whose Entra device is the managed device's; then by Intune id; then by serial number. Of
# several records of one computer the one that checked in last counts: the others are left from earlier enrolments.
# OFFSET 0 keeps the serial numbers an index lookup for the few rows that nothing else has found.
_RESOLVE = resolving(
    candidate="""
    COALESCE(a.id, i.id, s.id) AS found_id, i.id AS holder_id,
    a.id IS NULL AND i.autopilot_id IS NULL AND s.autopilot_id IS NULL AS says_school
  FROM pulled_devices sent
  LEFT JOIN (
    SELECT entra_device_id, min(id) AS id FROM fleet_device
    WHERE autopilot_id IS NOT NULL AND entra_device_id IS NOT NULL GROUP BY entra_device_id
  ) a ON a.entra_device_id = sent.entra_device_id
  LEFT JOIN fleet_device i ON i.intune_id = sent.graph_id
  LEFT JOIN LATERAL (
    SELECT d.id, d.autopilot_id FROM fleet_device d
    WHERE a.id IS NULL AND i.id IS NULL AND UPPER(d.serial_number) = UPPER(sent.own_serial) OFFSET 0
  ) s ON true
""",
    order="seen_at DESC NULLS LAST, enrolled_at DESC NULLS LAST",
    columns="'in_use' AS lifecycle",
)

# A record found by its Intune id, whose computer turned out to be a newer record's, belongs where its serial says.
_DISPLACED = """
WITH older AS MATERIALIZED (SELECT device_id, entra_device_id, serial_key FROM resolved WHERE rank > 1)
SELECT count(*) FROM older JOIN fleet_device d ON d.id = older.device_id
WHERE older.serial_key <> UPPER(d.serial_number)
  AND NOT EXISTS (
    SELECT FROM fleet_device a WHERE a.autopilot_id IS NOT NULL AND a.entra_device_id = older.entra_device_id)
"""

_KNOWN = "SELECT count(*) FROM fleet_device WHERE intune_id IS NOT NULL AND missing_since IS NULL"
# Also a computer whose Intune record turned out to be another's, and that Autopilot does not know either.
_IS_ABSENT = """
(d.intune_id IS NOT NULL OR d.autopilot_id IS NULL AND d.enrolled_at IS NOT NULL) AND d.missing_since IS NULL
AND NOT EXISTS (SELECT FROM resolved r WHERE r.device_id = d.id AND r.rank = 1)
"""
_ABSENT = f"SELECT count(*) FROM fleet_device d WHERE {_IS_ABSENT}"  # noqa: S608 - no value in it

_SAID = {
    "intune_id": "r.graph_id",
    "observed_name": "r.label",
    "compliance_state": "r.compliance_state",
    "os_version": "r.os_version",
    "storage_total_bytes": "r.storage_total_bytes",
    "storage_free_bytes": "r.storage_free_bytes",
    "enrolled_at": "r.enrolled_at",
    "last_check_in_at": "r.seen_at",
}
_NEW = {
    **_SAID,
    "entra_device_id": "r.entra_device_id",
    "observed_group_tag": "r.tag",
    "enrollment_state": "'enrolled'",
}
_CHANGED = {
    **_SAID,
    "entra_device_id": "COALESCE(r.entra_device_id, d.entra_device_id)",
    "entra_object_id": "CASE WHEN COALESCE(r.entra_device_id, d.entra_device_id) = d.entra_device_id "
    "THEN d.entra_object_id END",
    "observed_group_tag": "CASE WHEN d.autopilot_id IS NULL THEN r.tag ELSE d.observed_group_tag END",
    "enrollment_state": "CASE WHEN d.autopilot_id IS NULL THEN 'enrolled' ELSE d.enrollment_state END",
    "absent_runs": "0",
    "missing_since": "NULL::timestamptz",
}
_SIDE = Side(
    own_id="intune_id",
    new=_NEW,
    changed=_CHANGED,
    stands_back_when="d.last_check_in_at > r.seen_at AND (d.absent_runs = 0 OR %(is_window)s)",
)

_ABSENT_AGAIN = f"""
UPDATE fleet_device d SET absent_runs = d.absent_runs + 1,
  missing_since = CASE WHEN d.absent_runs >= 1 THEN %(now)s END
WHERE {_IS_ABSENT}
"""  # noqa: S608 - no value in it
_MISSING = "SELECT count(*) FROM fleet_device WHERE missing_since = %(now)s"
_COUNTED = ("created", "updated", "returned", "placed")
_LATEST = "SELECT max(seen_at) FROM pulled_devices"


def pull_devices(pull: Pull) -> Outcome:
    since = watermark(pull)
    if since is None:
        pull.run.mode = SyncRun.Mode.FULL
    with staging("pulled_devices", COLUMNS) as table:
        seen, lines = 0, device_lines()
        for page in pull.graph.pages(DEVICES_PATH, devices_params(since)):
            table.add_lines(lines(page))
            seen += len(page)
            pull.seen(seen)
        with transaction.atomic():
            pull.confirm()
            counts = {"seen": seen, "not_ours": seen - table.count(), **merge(pull)}
            move_watermark(pull, Statement({}).rows(_LATEST)[0][0])
    return Outcome(counts)


def merge(pull: Pull) -> dict[str, int]:
    """Bring the computers up to the staged rows, in the caller's transaction: UnsafeAnswer undoes what was written."""
    statement = Statement({"now": pull.now, "is_window": pull.is_window})
    known = statement.number(_KNOWN)
    counts = Counter[str]()
    for _round in range(MOST_ROUNDS):
        resolve(statement, "pulled_devices", _RESOLVE)
        taken = take_over(statement, _SIDE)
        counts += Counter({name: getattr(taken, name) for name in _COUNTED})
        if not (taken.older and statement.number(_DISPLACED)):
            break
    absent = {} if pull.is_window else _note_absent(pull, statement, known)
    return {
        **{name: counts[name] for name in _COUNTED},
        **absent,
        "unmatched": list_unmatched(pull.run.resource, statement, pull.now, is_window=pull.is_window),
    }


def _note_absent(pull: Pull, statement: Statement, known: int) -> dict[str, int]:
    absent = statement.number(_ABSENT)
    if not pull.is_released:
        check_computers(absent, known)
    if absent:
        statement.run(_ABSENT_AGAIN)
    return {"absent": absent, "missing": statement.number(_MISSING) if absent else 0}
