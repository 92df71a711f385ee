"""Compliance: which settings of which policies computers do not meet, all of them in one report."""

from __future__ import annotations

from intune_sync.payloads.device_reports import breach_row, breaches_job
from intune_sync.pull.guard import check_objects
from intune_sync.pull.matching import Statement
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.whole_report import pull_report

COLUMNS = {
    "intune_id": "uuid",
    "policy_name": "text",
    "setting": "text",
    "state": "text",
    "error_code": "text",
}

# A computer that several people use is reported once for each.
_SAID = """
CREATE TEMPORARY TABLE said_breaches ON COMMIT DROP AS
SELECT DISTINCT ON (d.id, p.policy_name, p.setting) d.id AS device_id, p.policy_name, p.setting, p.state, p.error_code
FROM pulled_breaches p JOIN fleet_device d ON d.intune_id = p.intune_id
ORDER BY d.id, p.policy_name, p.setting, p.place DESC
"""
_IS_GONE = """
NOT EXISTS (SELECT FROM said_breaches s WHERE s.device_id = kept.device_id AND s.policy_name = kept.policy_name
  AND s.setting = kept.setting)
"""
# That a computer meets its policies again is good news, and Intune's list of computers says so too; that a report is
# silent about one that does not is a reason to doubt the report.
_DOUBTFUL = f"""
SELECT count(*) FROM fleet_compliancebreach kept JOIN fleet_device d ON d.id = kept.device_id
WHERE d.compliance_state IN ('noncompliant', 'error', 'conflict', 'inGracePeriod') AND d.missing_since IS NULL
  AND NOT EXISTS (SELECT FROM said_breaches s WHERE s.device_id = kept.device_id) AND {_IS_GONE}
"""  # noqa: S608 - no value in it
_KNOWN = "SELECT count(*) FROM fleet_compliancebreach"
# At the second report without it, or at once when the computer is said to meet all policies.
_FORGET = f"""
DELETE FROM fleet_compliancebreach kept USING fleet_device d
WHERE d.id = kept.device_id AND (kept.absent_runs >= 1 OR d.compliance_state = 'compliant') AND {_IS_GONE}
"""  # noqa: S608 - no value in it
_DOUBT = f"UPDATE fleet_compliancebreach kept SET absent_runs = 1 WHERE {_IS_GONE}"  # noqa: S608 - no value in it
_CHANGE = """
UPDATE fleet_compliancebreach kept SET state = s.state, error_code = s.error_code, absent_runs = 0
FROM said_breaches s
WHERE s.device_id = kept.device_id AND s.policy_name = kept.policy_name AND s.setting = kept.setting
  AND (s.state, s.error_code, 0) IS DISTINCT FROM (kept.state, kept.error_code, kept.absent_runs)
"""
_ADD = """
INSERT INTO fleet_compliancebreach (device_id, policy_name, setting, state, error_code, first_seen_at)
SELECT s.device_id, s.policy_name, s.setting, s.state, s.error_code, %(now)s FROM said_breaches s
LEFT JOIN fleet_compliancebreach kept
  ON kept.device_id = s.device_id AND kept.policy_name = s.policy_name AND kept.setting = s.setting
WHERE kept.id IS NULL
"""


def pull_compliance(pull: Pull) -> Outcome:
    return pull_report(pull, breaches_job(), breach_row, ("pulled_breaches", COLUMNS), lambda: merge(pull))


def merge(pull: Pull) -> dict[str, int]:
    """Make the table say what the staged rows say. Raises UnsafeAnswer, before anything is written."""
    statement = Statement({"now": pull.now})
    statement.run("DROP TABLE IF EXISTS pg_temp.said_breaches")
    statement.run(_SAID)
    if not pull.is_released:
        check_objects(statement.number(_DOUBTFUL), statement.number(_KNOWN))
    settled = statement.run(_FORGET)
    return {
        "settled": settled,
        "absent": statement.run(_DOUBT),
        "updated": statement.run(_CHANGE),
        "created": statement.run(_ADD),
    }
