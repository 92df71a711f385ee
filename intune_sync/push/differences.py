"""How a plan made now differs from the one that was approved, in sentences."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import ChangeSet, ChangeTarget
from intune_sync.push.snapshot import FreshPlan

Effects = set[tuple[int, int, str]]


def differences(change_set: ChangeSet, fresh: FreshPlan) -> list[str]:
    """By app and by computer; read from the stored plan, so ask before it is replaced."""
    old, new = change_set.plan, fresh.plan.as_json()
    said = []
    if old["snapshot"].get("active_revision") != new["snapshot"]["active_revision"]:
        said.append(_("Another revision of the baseline has become active."))
    said += _apps(old, new)
    said += _computers(change_set, fresh)
    return said or [_("Something in Intune has changed in a way that the plan depends on.")]


def _apps(old: dict, new: dict) -> list[str]:  # type: ignore[type-arg]
    before = {
        change["app_id"]: (change["name"], call) for change, call in zip(old["changes"], old["calls"], strict=True)
    }
    after = {
        change["app_id"]: (change["name"], call) for change, call in zip(new["changes"], new["calls"], strict=True)
    }
    said = []
    for app_id in sorted(before.keys() | after.keys()):
        name = (before.get(app_id) or after[app_id])[0]
        if app_id not in after:
            said.append(_("%(app)s does not need to be changed any more, or cannot be.") % {"app": name})
        elif app_id not in before:
            said.append(_("%(app)s has to be changed too.") % {"app": name})
        elif before[app_id] != after[app_id]:
            said.append(_("Somebody has changed who is assigned %(app)s in Intune.") % {"app": name})
    return said


def _computers(change_set: ChangeSet, fresh: FreshPlan) -> list[str]:
    """Computers that came or went; the same computer counts once, however many apps it is about."""
    rows = ChangeTarget.objects.filter(change__change_set=change_set)
    before: Effects = set(rows.values_list("change__app_version_id", "device_id", "effect"))
    after: Effects = {
        (change.app_version.pk, device, effect) for change in fresh.changes for device, effect in change.effects.items()
    }
    came = len(Counter(device for _version, device, _effect in after - before))
    went = len(Counter(device for _version, device, _effect in before - after))
    said = []
    if came:
        said.append(
            ngettext(
                "%(count)s computer is concerned that was not, or in another way.",
                "%(count)s computers are concerned that were not, or in another way.",
                came,
            )
            % {"count": came}
        )
    if went:
        said.append(
            ngettext(
                "%(count)s computer is no longer concerned as it was.",
                "%(count)s computers are no longer concerned as they were.",
                went,
            )
            % {"count": went}
        )
    return said
