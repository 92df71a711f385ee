"""Stopping everything that the portal writes to Intune, and letting it go on."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from intune_sync.models import KillSwitch
from intune_sync.notices import tell_going_on, tell_stopped
from schools import audit
from schools.models import User


def current_stop() -> KillSwitch | None:
    found = KillSwitch.objects.thrown().select_related("thrown_by", "first_release_by")
    return found.first()


def throw(by: User, reason: str, now: datetime) -> KillSwitch:
    """Nothing is claimed or sent from now on. Raises ValidationError without a reason, or when it is thrown already."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why everything is stopped.")})
    try:
        with transaction.atomic():
            stop = KillSwitch.objects.create(reason=reason.strip(), thrown_by=by, thrown_at=now)
            audit.record("writes.stopped", stop, by=by, after={"status": "stopped"}, reason=stop.reason)
            tell_stopped(stop)
    except IntegrityError as error:
        raise ValidationError(_("Writing to Intune is stopped already.")) from error
    return stop


@transaction.atomic
def release(stop: KillSwitch, by: User, now: datetime) -> KillSwitch:
    """The first of two people, or the second, after whom writing goes on. Raises ValidationError for the same person
    twice, or when it is released already."""
    row = KillSwitch.objects.select_for_update().get(pk=stop.pk)
    if row.released_at:
        raise ValidationError(_("Writing to Intune goes on already."))
    if row.first_release_by_id == by.pk:
        raise ValidationError(_("You have released it; somebody else has to do so as well."))
    if row.first_release_by_id is None:
        row.first_release_by, row.first_release_at = by, now
        audit.record("writes.release_asked", row, by=by, after={"status": "stopped"})
    else:
        row.released_by, row.released_at = by, now
        audit.record("writes.released", row, by=by, before={"status": "stopped"}, after={"status": "released"})
        tell_going_on(row)
    row.save()
    return row
