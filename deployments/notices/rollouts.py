"""What is told about roll-outs: that one stopped by itself, waits for somebody, could not start, or is everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import CalendarOverride, Ring, Rollout
from deployments.rollouts.words import explain
from schools.access import IT_ADMIN
from schools.models import User
from schools.notifications.kinds import register
from schools.services.notify import holders_of, tell


def tell_halted(row: Rollout) -> None:
    at = row.halted_at.isoformat(timespec="seconds") if row.halted_at else ""
    _tell(row, holders_of(IT_ADMIN), "rollout.halted", at, urgent=True, code=row.halt_code, finding=row.halt_data)


def tell_waits(row: Rollout, ring: Ring) -> None:
    """The gate passed, and somebody is to let the ring through."""
    _tell(row, _starters(row), "rollout.waits", str(ring.number), urgent=True, ring=ring.number)


def tell_not_started(row: Rollout, people: Iterable[User], reason: str) -> None:
    """Each time that it happens: with the same words, too, it is news."""
    at = timezone.now().isoformat()
    _tell(row, people, "rollout.not_started", at, urgent=True, reason=reason)


def tell_done(row: Rollout) -> None:
    _tell(row, _starters(row), "rollout.done", "")


def tell_override(override: CalendarOverride) -> None:
    """The other IT administrators: one of them has to agree."""
    others = holders_of(IT_ADMIN).exclude(pk=override.requested_by_id)
    data = {"who": str(override.requested_by), "reason": override.reason}
    _tell(override.change_set.rollout, others, "rollout.override", str(override.pk), urgent=True, **data)


def _starters(row: Rollout) -> list[User]:
    return list({user.pk: user for user in (row.created_by, row.started_by) if user}.values())


def _tell(row: Rollout, users: Iterable[User], kind: str, turn: str, *, urgent: bool = False, **data: Any) -> None:
    tell(
        users,
        kind,
        episode=f"{kind}:{row.pk}:{turn}",
        url=row.get_absolute_url(),
        data={"number": row.pk, "revision": str(row.change_set.revision), **data},
        urgent=urgent,
    )


def _halted(data: dict[str, Any]) -> str:
    return _("Roll-out %(number)s has stopped by itself") % data


def _halted_body(data: dict[str, Any]) -> str:
    said = explain(data["code"], data["finding"])
    return _("%(finding)s No further computer gets the change. Roll it back, or say why it may go on.") % {
        "finding": said
    }


def _waits(data: dict[str, Any]) -> str:
    return _("Ring %(ring)s of roll-out %(number)s can be let through") % data


def _waits_body(data: dict[str, Any]) -> str:
    return _("%(revision)s: its computers have reported and nothing stands in the way of the next ring.") % data


def _not_started(data: dict[str, Any]) -> str:
    return _("Roll-out %(number)s could not start") % data


def _not_started_body(data: dict[str, Any]) -> str:
    return _("%(reason)s It is planned still, and can be started anew.") % data


def _done(data: dict[str, Any]) -> str:
    return _("Roll-out %(number)s has reached all computers") % data


def _done_body(data: dict[str, Any]) -> str:
    return _("%(revision)s is written for all of them. Those that are off follow as soon as they are started.") % data


def _override(data: dict[str, Any]) -> str:
    return _("Roll-out %(number)s asks to start against the calendar") % data


def _override_body(data: dict[str, Any]) -> str:
    return _("%(who)s gives the reason: %(reason)s Somebody else has to agree.") % data


register("rollout.halted", _halted, _halted_body, label=gettext_lazy("A roll-out has stopped by itself"))
register("rollout.waits", _waits, _waits_body, label=gettext_lazy("A ring can be let through"))
register("rollout.not_started", _not_started, _not_started_body, label=gettext_lazy("A roll-out could not start"))
register("rollout.done", _done, _done_body, label=gettext_lazy("A roll-out has reached all computers"))
register("rollout.override", _override, _override_body, label=gettext_lazy("A roll-out asks to pass the calendar"))
