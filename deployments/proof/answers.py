"""Six answers for every computer that a decision concerns. Counts, lists and history come from the one statement here.

A decision concerns the computers of the changes that carry it out: those made for it, and those of its revisions until
one was written to its end. Where two of them speak of the same app on a computer the later one holds; of several
apps the one that holds the computer back (`deployments.status.HOLDS_BACK`). So each computer counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from deployments.models import ChangeTarget
from deployments.status import HOLDS_BACK, DeviceStatus, with_status
from schools.models import User

SEEN_WITHIN = timedelta(days=30)
"""Of a computer that has been silent for longer nobody knows when it will come back, so it is named apart."""

READS = "deployments.view_proof"
"""Who may read the figures; the computers behind them are for those who read computers."""
SHOWS = "fleet.view_device"
WAITS = (DeviceStatus.WAITING_FOR_DEVICE, DeviceStatus.WAITING_FOR_INTUNE, DeviceStatus.UNKNOWN)

_CARRYING = """
SELECT carried.decision_id, part.id AS change_id
FROM (
    SELECT decision_id, id AS change_set_id FROM deployments_changeset
    WHERE decision_id IS NOT NULL AND status NOT IN ('rejected', 'cancelled')
    UNION
    SELECT decision_id, change_set_id FROM (
        SELECT entry.decision_id, change_set.id AS change_set_id,
            min(change_set.id) FILTER (WHERE change_set.status <> 'abandoned')
                OVER (PARTITION BY entry.decision_id) AS whole_id
        FROM (
            SELECT DISTINCT decision_id, revision_id FROM deployments_baselineentry WHERE decision_id IS NOT NULL
        ) AS entry
        JOIN deployments_changeset AS change_set ON change_set.revision_id = entry.revision_id
        WHERE change_set.status NOT IN ('rejected', 'cancelled')
    ) AS of_revisions
    WHERE whole_id IS NULL OR change_set_id <= whole_id
) AS carried
JOIN deployments_assignmentchange AS part ON part.change_set_id = carried.change_set_id
JOIN deployments_appversion AS version ON version.id = part.app_version_id
WHERE EXISTS (
    SELECT FROM deployments_baselineentry AS entry
    WHERE entry.decision_id = carried.decision_id AND entry.application_id = version.application_id
)
"""

CAUSE = """CASE
    WHEN status IN ('installed', 'not_applicable') THEN ''
    WHEN is_absent THEN 'absent'
    WHEN status = 'waiting_for_intune' AND told_at IS NULL THEN 'not_written'
    ELSE status
END"""
"""Why a computer is not done, of a row of `holding`; see `deployments.proof.left.Cause`."""

_RANK = "CASE status " + " ".join(f"WHEN '{status}' THEN {place}" for place, status in enumerate(HOLDS_BACK)) + " END"


@dataclass(frozen=True)
class Answers:
    """Of one decision at one school, or of several together. Every status is a key of `counts`, which add up to
    `total`; `absent` are those of the waiting and unknown that nobody can expect (`SEEN_WITHIN`)."""

    counts: Mapping[DeviceStatus, int] = field(default_factory=lambda: dict.fromkeys(DeviceStatus, 0))
    absent: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.counts[DeviceStatus.INSTALLED]

    @property
    def failed(self) -> int:
        return self.counts[DeviceStatus.FAILED]

    @property
    def waiting(self) -> int:
        """Those that wait, or of which nothing is known, and that can be expected."""
        return sum(self.counts[status] for status in WAITS) - self.absent

    @property
    def is_settled(self) -> bool:
        """Nothing waits any more: what can be expected is done or has failed."""
        return self.total > self.absent and self.waiting == 0

    @property
    def is_everywhere(self) -> bool:
        """Done on every computer that can be expected."""
        return self.is_settled and self.failed == 0

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Code, words and count of each state that some computer is in."""
        return [
            (status.value, str(status.label), self.counts[status]) for status in DeviceStatus if self.counts[status]
        ]

    def __add__(self, other: Answers) -> Answers:
        counts = {status: self.counts[status] + other.counts[status] for status in DeviceStatus}
        return Answers(counts, self.absent + other.absent)


NONE = Answers()


@dataclass(frozen=True)
class Scope:
    """Which computers: `decisions` None are all; `schools` None are all, with those whose school nobody knows."""

    decisions: tuple[int, ...] | None = None
    schools: tuple[int, ...] | None = None

    @classmethod
    def of(
        cls, user: User, decisions: Iterable[int] | None = None, school_id: int | None = None, reads: str = READS
    ) -> Scope:
        """What this person may see of them, at one school or everywhere; `reads` SHOWS for lists of computers."""
        chosen = None if decisions is None else tuple(decisions)
        seen = None if user.access.reads_all(reads) else tuple(user.access.school_ids(reads))
        if school_id is None:
            return cls(chosen, seen)
        return cls(chosen, (school_id,) if seen is None or school_id in seen else ())


def holding(scope: Scope, now: datetime) -> tuple[str, list[Any]]:
    """SQL and its parameters: one row for each decision and computer, with the target that holds it back.

    Columns: decision_id, id (of the target), device_id, school_id, version_id, model_id, effect, status, error_code,
    detail, told_at (when Intune was told of it), is_absent.
    """
    rows = with_status(ChangeTarget.objects.all()).order_by()
    status, status_params = rows.values_list(
        "pk", "device_id", "change_id", "effect", "status", "error_code", "detail", "confirmed_at"
    ).query.sql_with_params()
    only_decisions = "TRUE" if scope.decisions is None else "carrying.decision_id = ANY(%s)"
    only_schools = "TRUE" if scope.schools is None else "device.school_id = ANY(%s)"
    text = f"""
        WITH carrying AS ({_CARRYING}),
        found(id, device_id, change_id, effect, status, error_code, detail, told_at) AS NOT MATERIALIZED ({status}),
        latest AS (
            SELECT DISTINCT ON (carrying.decision_id, found.device_id, part.app_version_id)
                carrying.decision_id, found.*, part.app_version_id AS version_id
            FROM carrying
            JOIN found ON found.change_id = carrying.change_id
            JOIN deployments_assignmentchange AS part ON part.id = carrying.change_id
            JOIN fleet_device AS device ON device.id = found.device_id
            WHERE {only_decisions} AND {only_schools}
            ORDER BY carrying.decision_id, found.device_id, part.app_version_id, part.change_set_id DESC
        ),
        once AS (
            SELECT DISTINCT ON (decision_id, device_id) * FROM latest ORDER BY decision_id, device_id, {_RANK}, id
        )
        SELECT once.decision_id, once.id, once.device_id, device.school_id, once.version_id,
            device.hardware_model_id AS model_id, once.effect, once.status, once.error_code, once.detail, once.told_at,
            once.status = ANY(%s) AND (
                device.lifecycle = 'retired' OR device.missing_since IS NOT NULL OR device.last_check_in_at IS NULL
                OR device.last_check_in_at < %s
            ) AS is_absent
        FROM once JOIN fleet_device AS device ON device.id = once.device_id
    """  # noqa: S608 - only the texts of this file and of the ORM
    params: list[Any] = list(status_params)
    params += [] if scope.decisions is None else [list(scope.decisions)]
    params += [] if scope.schools is None else [list(scope.schools)]
    params += [[status.value for status in WAITS], now - SEEN_WITHIN]
    return text, params


def answers_by_school(scope: Scope, now: datetime) -> dict[tuple[int, int | None], Answers]:
    """By decision and school (None: nobody knows which). One query."""
    text, params = holding(scope, now)
    found: dict[tuple[int, int | None], Answers] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT decision_id, school_id, status, count(*), count(*) FILTER (WHERE is_absent)
            FROM ({text}) AS held GROUP BY decision_id, school_id, status""",  # noqa: S608
            params,
        )
        for decision_id, school_id, status, count, absent in cursor.fetchall():
            counts = {each: count if each == status else 0 for each in DeviceStatus}
            key = (decision_id, school_id)
            found[key] = found.get(key, NONE) + Answers(counts, absent)
    return found


def answers_by_decision(scope: Scope, now: datetime) -> dict[int, Answers]:
    """Schools together. One query."""
    found: dict[int, Answers] = {}
    for (decision_id, _school), answers in answers_by_school(scope, now).items():
        found[decision_id] = found.get(decision_id, NONE) + answers
    return found


@dataclass(frozen=True)
class Narrowing:
    """Which of the computers: each that is given, and all of them must hold. `status` is one of DeviceStatus, `cause`
    one of `deployments.proof.left.Cause`; `version` and `model` are keys, `error` an error code."""

    status: str = ""
    cause: str = ""
    version: int | None = None
    model: int | None = None
    error: str | None = None

    @property
    def sql(self) -> tuple[str, list[Any]]:
        said = {
            "status = %s": self.status or None,
            f"{CAUSE} = %s": self.cause or None,
            "version_id = %s": self.version,
            "model_id = %s": self.model,
            "coalesce(error_code, '') = %s": self.error,
        }
        chosen = {text: value for text, value in said.items() if value is not None}
        return " AND ".join(["TRUE", *chosen]), list(chosen.values())


EVERY = Narrowing()


def computers(scope: Scope, now: datetime, narrowing: Narrowing = EVERY) -> QuerySet[Any]:
    """Exactly the computers that the figures count, each by the target that holds it back."""
    text, params = holding(scope, now)
    condition, more = narrowing.sql
    held = RawSQL(f"SELECT id FROM ({text}) AS held WHERE {condition}", [*params, *more])  # noqa: S608, S611
    return with_status(ChangeTarget.objects.filter(pk__in=held))
