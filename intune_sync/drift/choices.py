"""What may be done about a difference, and in words what may not and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import ChangeSet
from deployments.organisation import Organisation
from intune_sync.drift.reversal import OF_A_LIST, present_group, versions_aimed_at
from intune_sync.models import DriftItem

Kind = DriftItem.Kind


class Way(StrEnum):
    """How something is adopted."""

    PROPOSE = "propose"  # the committee decides
    OWN = "own"  # it is decided already; the assignment becomes the portal's own
    LINK = "link"  # the version gets the new app object
    ACCEPT = "accept"  # the filter's rule is right from now on


@dataclass(frozen=True)
class Choices:
    """`adopt` and `revert` None: cannot be done, for the reason given beside."""

    adopt: Way | None
    revert: bool
    why_not_adopt: str | Promise = ""
    why_not_revert: str | Promise = ""


NO_CONTAINER = _("The group stands for no container, so no decision of the committee can name it.")
ALL_DEVICES = _(
    "The portal assigns to the groups of containers, never to all devices. Take it back, and propose the application "
    "for the whole municipality."
)
HAS_FILTER = _("Decisions know no filters, so this cannot become one.")
DELETED = _("A deleted app cannot be brought back. Add it to Intune again under the same name; then it can be linked.")
OTHER_OBJECT = _("The former app is gone from Intune for good. Link the new one instead.")
RULE_OF_A_CONTAINER = _("With another rule the group would no longer hold exactly the computers of its container.")
RULE_BY_HAND = _("The portal does not write membership rules. Put the rule back in Entra; it stands beside.")
GROUP_BY_HAND = _(
    "The portal does not create groups with a rule. Create the group again in Entra with that rule; the portal finds "
    "it at the next reading, and can then assign to it."
)
FILTER_BY_HAND = _("The portal does not write filters. Put the rule back in Intune; it stands beside.")
NO_MEMBERS = _("Who is in the group follows from the portal’s own lists. Change them there.")
UNUSED = _("No assignment of the portal named the group, so there is nothing to put right.")
GONE_GROUP = _("Without its group the container’s computers could not be reached.")


ALWAYS: dict[str, Choices] = {
    Kind.APP_GONE: Choices(Way.PROPOSE, False, why_not_revert=DELETED),
    Kind.APP_REPLACED: Choices(Way.LINK, False, why_not_revert=OTHER_OBJECT),
    Kind.RULE: Choices(None, False, RULE_OF_A_CONTAINER, RULE_BY_HAND),
    Kind.MEMBERS: Choices(None, True, why_not_adopt=NO_MEMBERS),
    Kind.FILTER: Choices(Way.ACCEPT, False, why_not_revert=FILTER_BY_HAND),
}


def choices_of(item: DriftItem, organisation: Organisation) -> Choices:
    if item.kind in OF_A_LIST:
        return _of_an_assignment(item)
    if item.kind == Kind.GROUP_GONE:
        return _of_a_group(item, organisation)
    if item.kind == Kind.FILTER and item.after is None:
        return Choices(None, False, HAS_FILTER, FILTER_BY_HAND)
    return ALWAYS[item.kind]


def _of_an_assignment(item: DriftItem) -> Choices:
    if item.kind == Kind.NARROWED or (item.after or {}).get("filter_id"):
        return Choices(None, True, HAS_FILTER)
    if (item.after or {}).get("target") == "allDevices":
        return Choices(None, True, ALL_DEVICES)
    if not item.reach.get("include"):
        return Choices(None, True, NO_CONTAINER)
    return Choices(Way.OWN if item.is_decided else Way.PROPOSE, True)


def _of_a_group(item: DriftItem, organisation: Organisation) -> Choices:
    is_used = item.group is not None and bool(versions_aimed_at(str(item.group.graph_id)))
    is_there = present_group(item, organisation) is not None
    why = "" if is_used and is_there else (GROUP_BY_HAND if is_used else UNUSED)
    return Choices(None, is_used and is_there, GONE_GROUP, why)


def is_reverting(item: DriftItem) -> bool:
    """A change that takes it back is on its way."""
    return item.change_set_id is not None and cast(ChangeSet, item.change_set).status not in ChangeSet.ENDED
