"""Autopilot identities: which computers are registered, with which group tag, and how far their enrolment is."""

from __future__ import annotations

from django.db import transaction

from intune_sync.payloads.devices import AUTOPILOT_PATH, AUTOPILOT_VERSION
from intune_sync.pull.device_lines import autopilot_lines
from intune_sync.pull.guard import check_computers
from intune_sync.pull.matching import Side, Statement, list_unmatched, resolve, resolving, take_over
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
# OFFSET 0 keeps the serial numbers an index lookup for the few rows that nothing else has found.
_RESOLVE = resolving(
    candidate="""
    COALESCE(a.id, i.id, s.id) AS found_id, a.id AS holder_id
  FROM pulled_autopilot sent
  LEFT JOIN fleet_device a ON a.autopilot_id = sent.graph_id
  LEFT JOIN fleet_device i ON i.intune_id = sent.managed_device_id
  LEFT JOIN LATERAL (
    SELECT d.id FROM fleet_device d
    WHERE a.id IS NULL AND i.id IS NULL AND UPPER(d.serial_number) = UPPER(sent.own_serial) OFFSET 0
  ) s ON true
""",
    order="holder_id IS NULL, seen_at DESC NULLS LAST",
    columns="""serial AS label, 'windows' AS platform, true AS says_school,
  CASE enrollment_state WHEN 'notContacted' THEN 'registered' ELSE 'in_use' END AS lifecycle""",
)

_KNOWN = "SELECT count(*) FROM fleet_device WHERE autopilot_id IS NOT NULL AND missing_since IS NULL"
_IS_ABSENT = "NOT EXISTS (SELECT FROM resolved r WHERE r.device_id = d.id AND r.rank = 1)"
_ABSENT = f"""
SELECT count(*) FILTER (WHERE d.missing_since IS NULL), count(*)
FROM fleet_device d WHERE d.autopilot_id IS NOT NULL AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it

_SAID = {
    "autopilot_id": "r.graph_id",
    "observed_group_tag": "r.tag",
    "enrollment_state": "r.enrollment_state",
    "profile_status": "r.profile_status",
    "autopilot_absent_runs": "0",
}
# An enrolled computer is another's business: its managed device says which Entra device it is, and whether it is there.
_CHANGED = {
    **_SAID,
    "entra_device_id": "CASE WHEN d.intune_id IS NULL THEN COALESCE(r.entra_device_id, d.entra_device_id) "
    "ELSE d.entra_device_id END",
    "entra_object_id": "CASE WHEN d.intune_id IS NOT NULL "
    "OR COALESCE(r.entra_device_id, d.entra_device_id) = d.entra_device_id THEN d.entra_object_id END",
    "absent_runs": "CASE WHEN d.intune_id IS NULL THEN 0 ELSE d.absent_runs END",
    "missing_since": "CASE WHEN d.intune_id IS NULL THEN NULL ELSE d.missing_since END",
}
# A computer that was registered anew has an identity that nobody has seen yet: that one counts at once.
_WAS_A_DUPLICATE = """
d.autopilot_absent_runs = 0 AND EXISTS (
  SELECT FROM intune_sync_unmatchedrecord u
  WHERE u.resource = 'autopilot' AND u.graph_id = r.graph_id::text AND u.reason = 'duplicate_serial')
"""
_SIDE = Side(
    own_id="autopilot_id",
    new={**_SAID, "entra_device_id": "r.entra_device_id"},
    changed=_CHANGED,
    stands_back_when=_WAS_A_DUPLICATE,
)

# At the second complete answer without it. Intune still answers for an enrolled computer: that one has only left
# Autopilot.
_LEFT_AUTOPILOT = f"""
UPDATE fleet_device d SET autopilot_id = NULL, profile_status = 'unknown', autopilot_absent_runs = 0
WHERE d.autopilot_id IS NOT NULL AND d.intune_id IS NOT NULL AND d.autopilot_absent_runs >= 1 AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it
_ABSENT_AGAIN = f"""
UPDATE fleet_device d SET autopilot_absent_runs = d.autopilot_absent_runs + 1,
  missing_since = CASE WHEN d.intune_id IS NULL AND d.autopilot_absent_runs >= 1 THEN %(now)s ELSE d.missing_since END
WHERE d.autopilot_id IS NOT NULL AND (d.intune_id IS NOT NULL OR d.missing_since IS NULL) AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it
_MISSING = "SELECT count(*) FROM fleet_device WHERE missing_since = %(now)s"


def pull_autopilot(pull: Pull) -> Outcome:
    with staging("pulled_autopilot", COLUMNS) as table:
        seen, lines = 0, autopilot_lines()
        for page in pull.graph.pages(AUTOPILOT_PATH, version=AUTOPILOT_VERSION):
            table.add_lines(lines(page))
            seen += len(page)
            pull.seen(seen)
        with transaction.atomic():
            pull.confirm()
            counts = merge(pull)
    return Outcome({"seen": seen, **counts})


def merge(pull: Pull) -> dict[str, int]:
    """Bring the computers up to the staged rows, in the caller's transaction: UnsafeAnswer undoes what was written."""
    statement = Statement({"now": pull.now})
    known = statement.number(_KNOWN)
    resolve(statement, "pulled_autopilot", _RESOLVE)
    taken = take_over(statement, _SIDE)
    ((absent, gone),) = statement.rows(_ABSENT)
    if not pull.is_released:
        check_computers(absent, known)
    left = 0
    if gone:
        left = statement.run(_LEFT_AUTOPILOT)
        statement.run(_ABSENT_AGAIN)
    return {
        "created": taken.created,
        "updated": taken.updated + left,
        "placed": taken.placed,
        "absent": absent,
        "missing": statement.number(_MISSING) if absent else 0,
        "unmatched": list_unmatched(pull.run.resource, statement, pull.now),
    }
