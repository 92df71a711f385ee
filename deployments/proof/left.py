"""What failed and why, and what is left and who must act: the not done of `answers`, by cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from deployments.proof.answers import CAUSE, NONE, Answers, Scope, holding
from deployments.status import DeviceStatus
from fleet.models.hardware import model_name


class Cause(models.TextChoices):
    """Why a computer is not done; together with the done and the not applicable they hold every computer once."""

    FAILED = "failed", _("Failed")
    NOT_WRITTEN = "not_written", _("Not written to Intune yet")
    WAITING_FOR_INTUNE = "waiting_for_intune", _("Waiting for Intune")
    WAITING_FOR_DEVICE = "waiting_for_device", _("Waiting for the computer")
    UNKNOWN = "unknown", _("Unknown")
    ABSENT = "absent", _("Not seen for 30 days, missing or retired")


WHO_ACTS: dict[str, Any] = {
    Cause.FAILED: _("IT finds the fault, and pushes a fix or takes the version back."),
    Cause.NOT_WRITTEN: _("IT has the change approved and written, or lets its roll-out go on."),
    Cause.WAITING_FOR_INTUNE: _("Nobody: Intune brings it by itself, within a day as a rule."),
    Cause.WAITING_FOR_DEVICE: _("The school starts the computer and connects it to the network."),
    Cause.UNKNOWN: _("IT looks at what Intune says of the computer."),
    Cause.ABSENT: _("The school looks for the computer, or tells IT that it is gone."),
}


@dataclass(frozen=True)
class Left:
    decision_id: int
    cause: Cause
    count: int

    @property
    def who(self) -> str:
        return str(WHO_ACTS[self.cause])


@dataclass(frozen=True)
class Failure:
    """Computers on which one version failed in the same way on the same model, within one decision."""

    decision_id: int
    version_id: int
    app: str
    error_code: str
    detail: str
    model_id: int
    model: str
    count: int


@dataclass(frozen=True)
class Tally:
    """`answers` by decision; `left` by decision and in the order of `Cause`; of `failures` the most frequent first."""

    answers: dict[int, Answers]
    left: list[Left]
    failures: list[Failure]


def tally(scope: Scope, now: datetime) -> Tally:
    """All three from one statement, so that they add up to each other."""
    answers: dict[int, Answers] = {}
    rest: dict[tuple[int, Cause], int] = defaultdict(int)
    failures: list[Failure] = []
    for decision_id, status, cause, is_absent, count, *failed in _rows(scope, now):
        counts = {each: count if each == status else 0 for each in DeviceStatus}
        answers[decision_id] = answers.get(decision_id, NONE) + Answers(counts, count if is_absent else 0)
        if cause:
            rest[decision_id, Cause(cause)] += count
        if cause == Cause.FAILED:
            version_id, app, version, error_code, detail, model_id, maker, model = failed
            name = f"{app} {version}".strip()
            failures.append(
                Failure(decision_id, version_id, name, error_code, detail, model_id, model_name(maker, model), count)
            )
    failures.sort(key=lambda each: (-each.count, each.app, each.error_code, each.model, each.decision_id))
    order = list(Cause)
    left = [Left(decision_id, cause, count) for (decision_id, cause), count in rest.items()]
    left.sort(key=lambda each: (each.decision_id, order.index(each.cause)))
    return Tally(answers, left, failures)


def _rows(scope: Scope, now: datetime) -> list[tuple[Any, ...]]:
    text, params = holding(scope, now)
    statement = f"""
        SELECT tallied.decision_id, tallied.status, tallied.cause, tallied.is_absent, tallied.count,
            tallied.version_id, app.name, version.version, tallied.error_code, tallied.detail,
            tallied.model_id, model.manufacturer, model.name
        FROM (
            SELECT decision_id, status, {CAUSE} AS cause, is_absent, count(*) AS count,
                CASE WHEN status = 'failed' THEN version_id END AS version_id,
                CASE WHEN status = 'failed' THEN coalesce(error_code, '') END AS error_code,
                CASE WHEN status = 'failed' THEN model_id END AS model_id,
                coalesce(min(detail), '') AS detail
            FROM ({text}) AS held
            GROUP BY 1, 2, 3, 4, 6, 7, 8
        ) AS tallied
        LEFT JOIN deployments_appversion AS version ON version.id = tallied.version_id
        LEFT JOIN deployments_application AS app ON app.id = version.application_id
        LEFT JOIN fleet_hardwaremodel AS model ON model.id = tallied.model_id
    """  # noqa: S608 - only the texts of this package
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
