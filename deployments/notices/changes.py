"""What is told about changes to Intune: to whoever may approve one, and to whoever asked for it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import CalendarOverride, ChangeSet
from schools.access import IT_ADMIN
from schools.models import User
from schools.notifications.kinds import register
from schools.services.notify import holders_of, tell


def tell_planned(change_set: ChangeSet) -> None:
    """The other IT administrators: it waits for one of them. A change that a decision carries waits for nobody."""
    if change_set.decision_id is not None:
        return
    others = holders_of(IT_ADMIN).exclude(pk=change_set.requested_by_id)
    _tell(change_set, others, "changeset.planned", change_set.plan_hash[:16], urgent=True)


def tell_approved(change_set: ChangeSet, by: User) -> None:
    _tell(change_set, _requester(change_set, by), "changeset.approved", change_set.plan_hash[:16], who=str(by))


def tell_rejected(change_set: ChangeSet, by: User) -> None:
    reason = change_set.rejected_reason
    _tell(change_set, _requester(change_set, by), "changeset.rejected", "", who=str(by), reason=reason)


def tell_override(override: CalendarOverride) -> None:
    """The other IT administrators: one of them has to agree that it is written at once."""
    others = holders_of(IT_ADMIN).exclude(pk=override.requested_by_id)
    said = {"who": str(override.requested_by), "reason": override.reason}
    _tell(override.change_set, others, "changeset.override", str(override.pk), urgent=True, **said)


def tell_finished(change_set: ChangeSet) -> None:
    """Written, or stopped with something left; a change that is tried again may end more than once."""
    has_failed = change_set.status == ChangeSet.Status.FAILED
    waiting: Any = [change_set.requested_by]
    if _is_of_a_request(change_set):
        waiting = holders_of(IT_ADMIN) if has_failed else []
    attempt = change_set.started_at.isoformat(timespec="seconds") if change_set.started_at else ""
    _tell(change_set, waiting, f"changeset.{change_set.status}", attempt, urgent=has_failed)


def _is_of_a_request(change_set: ChangeSet) -> bool:
    """Then the request's own messages tell the school; the change itself concerns IT alone."""
    return change_set.decision is not None and change_set.decision.request_id is not None


def _requester(change_set: ChangeSet, by: User) -> list[User]:
    if change_set.requested_by_id == by.pk or _is_of_a_request(change_set):
        return []
    return [change_set.requested_by]


def _tell(change_set: ChangeSet, users: Any, kind: str, turn: str, *, urgent: bool = False, **data: str) -> None:
    tell(
        users,
        kind,
        episode=f"{kind}:{change_set.pk}:{turn}",
        url=change_set.get_absolute_url(),
        data={"number": change_set.pk, "revision": str(change_set.revision), **data},
        urgent=urgent,
    )


def _planned(data: dict[str, Any]) -> str:
    return _("Change %(number)s waits for your approval") % data


def _planned_body(data: dict[str, Any]) -> str:
    return _("It puts %(revision)s in force. Look at what it would do, and approve or refuse it.") % data


def _approved(data: dict[str, Any]) -> str:
    return _("Change %(number)s is approved") % data


def _approved_body(data: dict[str, Any]) -> str:
    return _("%(who)s has approved it. It can be written to Intune now.") % data


def _rejected(data: dict[str, Any]) -> str:
    return _("Change %(number)s is refused") % data


def _rejected_body(data: dict[str, Any]) -> str:
    return _("%(who)s gives the reason: %(reason)s") % data


def _applied(data: dict[str, Any]) -> str:
    return _("Change %(number)s is written to Intune") % data


def _applied_body(data: dict[str, Any]) -> str:
    return _("%(revision)s is in force. Each computer follows as soon as it has been in touch with Intune.") % data


def _failed(data: dict[str, Any]) -> str:
    return _("Change %(number)s could not be written completely") % data


def _failed_body(data: dict[str, Any]) -> str:
    return _("What was written holds. Open it to see what is left, and try again.")


def _override(data: dict[str, Any]) -> str:
    return _("Change %(number)s asks to be written at once") % data


def _override_body(data: dict[str, Any]) -> str:
    return _("%(who)s gives the reason: %(reason)s Somebody else has to agree.") % data


register("changeset.planned", _planned, _planned_body, label=gettext_lazy("A change waits for approval"))
register("changeset.approved", _approved, _approved_body, label=gettext_lazy("A change is approved"))
register("changeset.rejected", _rejected, _rejected_body, label=gettext_lazy("A change is refused"))
register("changeset.applied", _applied, _applied_body, label=gettext_lazy("A change is written to Intune"))
register("changeset.failed", _failed, _failed_body, label=gettext_lazy("A change could not be written"))
register("changeset.override", _override, _override_body, label=gettext_lazy("A change asks to be written at once"))
