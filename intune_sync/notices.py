"""The words of this room's notifications: what IT hears when the picture of Intune can no longer be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deployments.models import ChangeSet
from intune_sync.holds import explain
from intune_sync.models import DriftItem, KillSwitch, SyncRun
from schools.access import IT_ADMIN
from schools.models import User
from schools.notifications.kinds import register
from schools.services.notify import holders_of, tell


def _what(data: dict[str, Any]) -> dict[str, Any]:
    """The resource by its name and the moment as a clock has it, in the reader's language."""
    said = {**data, "what": str(dict(SyncRun.Resource.choices)[data["resource"]])} if "resource" in data else dict(data)
    since = parse_datetime(data.get("since", ""))
    return {**said, "since": formats.date_format(timezone.localtime(since), "DATETIME_FORMAT") if since else ""}


def tell_held(change_set: ChangeSet, code: str, data: dict[str, Any], now: datetime) -> None:
    """The IT administrators: a decision does not carry itself out, for this reason of `intune_sync.holds`."""
    tell(
        holders_of(IT_ADMIN),
        "changeset.held",
        episode=f"changeset.held:{change_set.pk}:{now.isoformat(timespec='seconds')}",
        url=change_set.get_absolute_url(),
        data={"number": change_set.pk, "decision": str(change_set.decision), "code": code, "because": data},
        urgent=True,
    )


def tell_stopped(stop: KillSwitch) -> None:
    """The other IT administrators, at once."""
    _tell_of_stop("writes.stopped", stop, stop.thrown_by, stop.reason)


def tell_going_on(stop: KillSwitch) -> None:
    _tell_of_stop("writes.released", stop, cast(User, stop.released_by), stop.reason)


def _tell_of_stop(kind: str, stop: KillSwitch, by: User, reason: str) -> None:
    tell(
        [person for person in holders_of(IT_ADMIN) if person.pk != by.pk],
        kind,
        episode=f"{kind}:{stop.pk}",
        url=reverse("intune_sync:stop"),
        data={"person": by.display_name, "reason": reason},
        urgent=True,
    )


MOST_NAMED = 3


def tell_of_drift(run: SyncRun, items: Sequence[DriftItem]) -> None:
    """The IT administrators, once for all that a run found."""
    tell(
        holders_of(IT_ADMIN),
        "drift.found",
        episode=f"drift.found:{run.pk}",
        url=items[0].get_absolute_url() if len(items) == 1 else reverse("intune_sync:drift_list"),
        data={
            "count": len(items),
            "items": [{"kind": item.kind, "name": item.name} for item in items[:MOST_NAMED]],
        },
    )


def _drift(data: dict[str, Any]) -> str:
    words = ngettext(
        "%(count)d thing in Intune is no longer as decided",
        "%(count)d things in Intune are no longer as decided",
        data["count"],
    )
    return words % data


def _drift_body(data: dict[str, Any]) -> str:
    kinds = dict(DriftItem.Kind.choices)
    named = "; ".join(f"{kinds.get(item['kind'], item['kind'])}: {item['name']}" for item in data["items"])
    return _("%(named)s. Adopt it, take it back, or ignore it for a while.") % {"named": named}


def _stopped(data: dict[str, Any]) -> str:
    return _("%(person)s has stopped all writing to Intune") % data


def _stopped_body(data: dict[str, Any]) -> str:
    return _("The reason: %(reason)s Nothing is sent until two people have released it.") % data


def _going_on(data: dict[str, Any]) -> str:
    return _("Writing to Intune goes on") % data


def _going_on_body(data: dict[str, Any]) -> str:
    return _("%(person)s released it as the second of two. It had been stopped because: %(reason)s") % data


def _held(data: dict[str, Any]) -> str:
    return _("Change %(number)s could not be carried out by itself") % data


def _held_body(data: dict[str, Any]) -> str:
    """Notifications from before reasons had codes carry the sentence itself."""
    reason = data["reason"] if "reason" in data else explain(data["code"], data["because"])
    return _("It comes from the decision “%(decision)s”. The reason: %(reason)s") % {**data, "reason": reason}


def _down(data: dict[str, Any]) -> str:
    return _("Intune has not answered since %(since)s") % _what(data)


def _down_body(data: dict[str, Any]) -> str:
    return _("What the portal shows is from then. Work that waits to be written goes on by itself when Intune answers.")


def _failed(data: dict[str, Any]) -> str:
    return _("“%(what)s” has not been read from Intune since %(since)s") % _what(data)


def _failed_body(data: dict[str, Any]) -> str:
    return _("It is tried again by itself. The reason stands on the page of the synchronisation.")


def _unsafe(data: dict[str, Any]) -> str:
    return _("“%(what)s” was stopped because the answer looked wrong") % _what(data)


def _unsafe_body(data: dict[str, Any]) -> str:
    return _("Nothing was changed. Look at the figures, and let it through if they are right.")


def _unmatched(data: dict[str, Any]) -> str:
    words = ngettext(
        "%(count)d more record in Intune fits no computer",
        "%(count)d more records in Intune fit no computer",
        data["count"],
    )
    return words % data


def _unmatched_body(data: dict[str, Any]) -> str:
    return _("They have come in the last day. Each is listed with the reason.")


def _restored(data: dict[str, Any]) -> str:
    return _("The database has been restored from a copy")


def _restored_body(data: dict[str, Any]) -> str:
    return _(
        "It does not know what was done since, so wipes, resets and retirements wait. Run manage.py new_epoch when you "
        "have looked at what was ordered; the instructions for restoring a backup tell how."
    )


register("writes.stopped", _stopped, _stopped_body, label=gettext_lazy("All writing to Intune is stopped"))
register("writes.released", _going_on, _going_on_body, label=gettext_lazy("Writing to Intune goes on"))
register("changeset.held", _held, _held_body, label=gettext_lazy("A decided change needs IT"))
register("drift.found", _drift, _drift_body, label=gettext_lazy("Something in Intune is not as decided"))
register("sync.down", _down, _down_body, label=gettext_lazy("Intune has not answered for an hour"))
register("sync.failed", _failed, _failed_body, label=gettext_lazy("A synchronisation has failed for an hour"))
register("sync.unsafe", _unsafe, _unsafe_body, label=gettext_lazy("A synchronisation was stopped as unsafe"))
register("sync.unmatched", _unmatched, _unmatched_body, label=gettext_lazy("More records fit no computer"))
register("database.restored", _restored, _restored_body, label=gettext_lazy("The database has been restored"))
