"""Carries out what was decided without a further hand: plans, approves in the name of whoever decided, and writes.

Only decisions of a school, by delegation and on exceptions, and only what they cover. Everything else stays planned,
with the reason for IT to see. What is required waits until no school concerned is in a freeze or holds lessons. Each
step is in the database before the next, so whoever takes over after a crash goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation

from deployments.models import BaselineRevision, ChangeSet, Decision
from deployments.services.amendments import renew
from deployments.services.at_once import NotAtOnce
from deployments.services.changes import AnotherUnderWay, approve_by_decision, in_the_way
from intune_sync import locks, services
from intune_sync.graph import GraphError
from intune_sync.holds import LeftForIT, explain, reason_of
from intune_sync.models import AutomaticHold
from intune_sync.notices import tell_held
from schools import audit
from schools.models import User

LOOK_AGAIN_AFTER = timedelta(minutes=5)
"""For a change that was left for IT; sooner when another revision has become active."""
UNREACHED = ("no_group", "two_intents", "unknown_school", "app_type")

Status = ChangeSet.Status
log = logging.getLogger(__name__)


def is_waiting(now: datetime) -> bool:
    return any(True for _each in _waiting(now))


def carry(now: datetime) -> ChangeSet | None:
    """Start the first change that may be started; returns it. Does nothing while another worker is at it."""
    with locks.held(locks.AUTOMATIC) as is_mine:
        if not is_mine:
            return None
        for change_set in _waiting(now):
            try:
                started = _carry(change_set, now)
            except GraphError as error:
                log.warning("%s waits: %s", change_set, error)
                return None
            if started:
                return started
    return None


def _waiting(now: datetime) -> Iterator[ChangeSet]:
    """In the order in which they were decided. Each may be written beside those under way that have other apps."""
    active = BaselineRevision.objects.active().values_list("pk", flat=True).first()
    looked_at = Q(hold__looked_at__gt=now - LOOK_AGAIN_AFTER, hold__active_revision=active)
    by_decider = Q(status=Status.APPROVED, approved_by=F("decision__decided_by"))
    covered = ChangeSet.objects.filter(
        Q(status__in=[Status.DRAFT, Status.PLANNED]) | by_decider,
        decision__kind__in=[Decision.Kind.REQUEST, Decision.Kind.DELEGATED, Decision.Kind.EXCEPTION],
        decision__decided_by__isnull=False,
    )
    by_hand = Q(rollout__isnull=False)  # also when it was broken off: whoever did that did not ask for all at once
    yield from (
        covered.exclude(looked_at).exclude(by_hand).select_related("decision__decided_by", "revision").order_by("id")
    )


def _carry(change_set: ChangeSet, now: datetime) -> ChangeSet | None:
    """The change set when its writing has begun. Raises GraphError."""
    try:
        row = renew(change_set, _decider(change_set))
        if in_the_way(row).exists():
            return None  # its turn comes; without asking Intune for a plan that would be another by then
        if row.status != Status.APPROVED:
            row = services.freeze_plan(row, None, now)
            _check(row)
            row = approve_by_decision(row, row.plan_hash, now)
        started = services.apply_change_set(row, None, now)
    except (services.StalePlan, AnotherUnderWay):
        return None  # planned anew, or found to wait for another; a later sweep looks at that
    except NotAtOnce as refusal:
        if refusal.against.is_large:
            _leave_for_it(change_set, *reason_of(refusal), now)
        else:  # it goes when no school's calendar is against it; its page says when
            AutomaticHold.objects.filter(change_set=change_set).delete()
        return None
    except ValidationError as error:
        _leave_for_it(change_set, *reason_of(error), now)
        return None
    AutomaticHold.objects.filter(change_set=change_set).delete()
    return started


def _decider(change_set: ChangeSet) -> User:
    if change_set.decision is None or change_set.decision.decided_by is None:
        raise LookupError(f"nobody decided {change_set}")
    return change_set.decision.decided_by


def _check(change_set: ChangeSet) -> None:
    """Raises LeftForIT when an app that was decided on is blocked, or does not reach where it was decided for."""
    entries = change_set.revision.entries.filter(decision=change_set.decision)
    entries = entries.select_related("application", "profile__class_group", "profile__device", "profile__school")
    places = {(entry.application.name, str(entry.profile)) for entry in entries}
    for notice in change_set.plan["warnings"]:
        is_unreached = notice["code"] in UNREACHED and (notice["app"], notice["place"]) in places
        is_blocked = notice["blocking"] and any(notice["app"].startswith(name) for name, _place in places)
        if is_unreached or is_blocked:
            raise LeftForIT(notice)


@transaction.atomic
def _leave_for_it(change_set: ChangeSet, code: str, data: dict[str, Any], now: datetime) -> None:
    active = BaselineRevision.objects.active().first()
    hold = AutomaticHold.objects.filter(change_set=change_set).first()
    if hold is None or (hold.reason, hold.reason_data) != (code, data):
        with translation.override(settings.LANGUAGE_CODE):  # the municipality's record is in its own language
            audit.record("changeset.held", change_set, by=None, reason=explain(code, data))
        tell_held(change_set, code, data, now)
        hold = hold or AutomaticHold(change_set=change_set)
        hold.reason, hold.reason_data, hold.since = code, data, now
    hold.looked_at, hold.active_revision = now, active
    hold.save()
