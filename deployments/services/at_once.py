"""Writing a change at once to all its computers: whether it may be, and the exception that two people make of that."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import CalendarOverride, ChangeSet
from deployments.notices.changes import tell_override
from deployments.rollouts.at_once import AT_ONCE, Against, against
from deployments.services import changes, overrides
from deployments.services.rollouts.acts import given
from schools import audit
from schools.models import User

APPLY = "deployments.apply_changeset"


class NotAtOnce(ValidationError):
    """The change may not be written at once now; `against` says why."""

    def __init__(self, against: Against) -> None:
        self.against = against
        advice = _("Plan a roll-out, or ask for an exception to which somebody else agrees.")
        super().__init__(" ".join([*against.sentences, advice]), code="not_at_once")


def check(change_set: ChangeSet, now: datetime) -> None:
    """Raises NotAtOnce."""
    if found := against(change_set, now):
        raise NotAtOnce(found)


@transaction.atomic
def ask(change_set: ChangeSet, *, by: User, reason: str, now: datetime) -> CalendarOverride:
    """Ask that an approved change may be written at once all the same; another person has to agree. Raises InvalidMove,
    and ValidationError without a reason, when nothing is against it, and when it has been asked for already."""
    row = _approved(change_set, by)
    reason = given(reason, _("Say why it can neither wait nor go out in rings."))
    found = against(row, now)
    if not found:
        raise ValidationError(_("Nothing is against writing it at once, so it needs no exception."))
    override = overrides.ask(row, AT_ONCE, by=by, reason=reason, now=now, approval_at=row.approved_at)
    audit.record("changeset.override_requested", row, by=by, after={"computers": found.computers}, reason=reason)
    tell_override(override)
    return override


@transaction.atomic
def agree(change_set: ChangeSet, *, by: User, now: datetime) -> CalendarOverride:
    """Raises InvalidMove, and ValidationError for the person who asked and when no exception waits for approval."""
    row = _approved(change_set, by)
    agreed = overrides.agree(row, AT_ONCE, by=by, now=now, approval_at=row.approved_at)
    audit.record("changeset.override_approved", row, by=by, reason=agreed.reason)
    return agreed


def _approved(change_set: ChangeSet, by: User) -> ChangeSet:
    if not by.has_perm(APPLY):
        raise PermissionDenied
    row = changes.locked(change_set)
    changes.require(row, ChangeSet.Status.APPROVED)
    return row
