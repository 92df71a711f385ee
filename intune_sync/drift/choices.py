"""What may be done about a difference, and in words what may not and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import ChangeSet
from deployments.organisation import Organisation
from deployments.services.changes import under_way
from intune_sync.drift.reversal import OF_A_LIST, present_group, versions_aimed_at
from intune_sync.models import DriftItem

Kind = DriftItem.Kind


class Way(StrEnum):
    """How something is adopted."""

    PROPOSE = "propose"  # the committee decides
    OWN = "own"  # it is decided already; the assignment becomes the portal's own
    LINK = "link"  # the version gets the new app object
    ACCEPT = "accept"  # the rule of the filter or group is right from now on


@dataclass(frozen=True)
class Choices:
    """`adopt` and `revert` None: cannot be done, for the reason given beside. `rule`: to be put back by hand."""

    adopt: Way | None
    revert: bool
    why_not_adopt: str | Promise = ""
    why_not_revert: str | Promise = ""
    rule: str = ""


NO_CONTAINER = _("The group stands for no container, so no decision of the committee can name it.")
ALL_DEVICES = _(
    "The portal assigns to the groups of containers, never to all devices. Take it back, and propose the application "
    "for the whole municipality."
)
HAS_FILTER = _("Decisions know no filters, so this cannot become one.")
DELETED = _("A deleted app cannot be brought back. Add it to Intune again under the same name; then it can be linked.")
OTHER_OBJECT = _("The former app is gone from Intune for good. Link the new one instead.")
RULE_UNKNOWN = _(
    "The portal does not know any rule of the group that took in exactly these computers. Give the group such a rule "
    "in Entra; the portal sees it at the next reading."
)
GROUP_BY_HAND = _(
    "The portal does not create groups with a rule. Create the group again in Entra with this rule; the portal finds "
    "it at the next reading, and can then assign to it."
)
RING_GROUP = _(
    "The group belongs to a roll-out, which creates it again with its next ring. If there is none to come, roll it "
    "back."
)
FILTER_BY_HAND = _(
    "The portal does not write filters: others may use the same filter for policies that the portal knows nothing of, "
    "and they would be changed with it. Copy the former rule, open Tenant administration, Filters in Intune, and "
    "put it back there. This ends by itself at the next reading."
)
NO_MEMBERS = _("Who is in the group follows from the portal’s own lists. Change them there.")
UNDER_WAY = _(
    "A change of the app is under way. Its next ring puts back what is the portal’s own; take back the rest when it "
    "has ended, or break it off first."
)
UNUSED = _("No assignment of the portal named the group, so there is nothing to put right.")
GONE_GROUP = _("Without its group the container’s computers could not be reached.")


ALWAYS: dict[str, Choices] = {
    Kind.APP_GONE: Choices(Way.PROPOSE, False, why_not_revert=DELETED),
    Kind.APP_REPLACED: Choices(Way.LINK, False, why_not_revert=OTHER_OBJECT),
    Kind.MEMBERS: Choices(None, True, why_not_adopt=NO_MEMBERS),
}


def choices_of(item: DriftItem, organisation: Organisation) -> Choices:
    if item.kind in OF_A_LIST:
        found = _of_an_assignment(item)
        is_busy = under_way().filter(app_version=item.app_version_id).exists()
        return replace(found, revert=False, why_not_revert=UNDER_WAY) if is_busy else found
    if item.kind == Kind.GROUP_GONE:
        return _of_a_group(item, organisation)
    if item.kind == Kind.RULE:
        return Choices(Way.ACCEPT, bool(_rule(item)), why_not_revert=RULE_UNKNOWN)
    if item.kind == Kind.FILTER:
        adopt = Way.ACCEPT if item.after else None
        return Choices(adopt, False, HAS_FILTER, FILTER_BY_HAND, _rule(item))
    return ALWAYS[item.kind]


def _rule(item: DriftItem) -> str:
    return str((item.before or {}).get("rule") or "")


def _of_an_assignment(item: DriftItem) -> Choices:
    if item.kind == Kind.NARROWED or (item.after or {}).get("filter_id"):
        return Choices(None, True, HAS_FILTER)
    if (item.after or {}).get("target") == "allDevices":
        return Choices(None, True, ALL_DEVICES)
    if not item.reach.get("include") or is_of_a_ring(item):
        return Choices(None, True, NO_CONTAINER)
    return Choices(Way.OWN if item.is_decided else Way.PROPOSE, True)


def is_of_a_ring(item: DriftItem) -> bool:
    return any(kind == "ring" for kind, _key in item.reach.get("include", []))


def _of_a_group(item: DriftItem, organisation: Organisation) -> Choices:
    if is_of_a_ring(item):
        return Choices(None, False, GONE_GROUP, RING_GROUP)
    is_used = item.group is not None and bool(versions_aimed_at(str(item.group.graph_id)))
    is_there = present_group(item, organisation) is not None
    if not is_used:
        return Choices(None, False, GONE_GROUP, UNUSED)
    return Choices(None, is_there, GONE_GROUP, GROUP_BY_HAND, "" if is_there else _rule(item))


def is_reverting(item: DriftItem) -> bool:
    """A change that takes it back is on its way."""
    return item.change_set_id is not None and cast(ChangeSet, item.change_set).status not in ChangeSet.ENDED
