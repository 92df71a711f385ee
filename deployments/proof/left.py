"""What failed and why, and what is left and who must act: the not done of `answers`, by cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from deployments.proof.answers import CAUSE, Scope, holding
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


def left(scope: Scope, now: datetime) -> list[Left]:
    """By decision and cause, in the order of `Cause`. One query."""
    text, params = holding(scope, now)
    statement = f"""
        SELECT decision_id, {CAUSE} AS cause, count(*) FROM ({text}) AS held
        WHERE status NOT IN ('installed', 'not_applicable') GROUP BY decision_id, cause
    """  # noqa: S608 - only the texts of this package
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found = [Left(decision, Cause(cause), count) for decision, cause, count in cursor.fetchall()]
    order = list(Cause)
    return sorted(found, key=lambda each: (each.decision_id, order.index(each.cause)))


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


def failures(scope: Scope, now: datetime) -> list[Failure]:
    """The most frequent first. One query."""
    text, params = holding(scope, now)
    statement = f"""
        SELECT held.decision_id, held.version_id, app.name, version.version, coalesce(held.error_code, ''),
            coalesce(min(report.detail), ''), held.model_id, model.manufacturer, model.name, count(*)
        FROM ({text}) AS held
        JOIN deployments_appversion AS version ON version.id = held.version_id
        JOIN deployments_application AS app ON app.id = version.application_id
        JOIN fleet_hardwaremodel AS model ON model.id = held.model_id
        LEFT JOIN deployments_installstatus AS report
            ON report.device_id = held.device_id AND report.app_version_id = held.version_id
        WHERE held.status = 'failed'
        GROUP BY held.decision_id, held.version_id, app.name, version.version, 5, held.model_id,
            model.manufacturer, model.name
        ORDER BY count(*) DESC, app.name, version.version, 5, model.name, held.decision_id
    """  # noqa: S608 - only the texts of this package
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [
            Failure(
                decision, version_id, f"{app} {version}".strip(), code, detail, model_id, model_name(maker, name), n
            )
            for decision, version_id, app, version, code, detail, model_id, maker, name, n in cursor.fetchall()
        ]
