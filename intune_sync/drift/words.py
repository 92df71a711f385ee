"""A difference in words: what is decided, what Intune has, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deployments.organisation import Organisation
from intune_sync.models import AssignmentFilter, DriftItem, IntuneGroup
from intune_sync.words import intent_word

Kind = DriftItem.Kind
FOR_ALL: dict[str, str | Promise] = {
    "allDevices": gettext_lazy("all devices"),
    "allLicensedUsers": gettext_lazy("all users"),
}
MEANS: dict[str, str | Promise] = {
    Kind.FOREIGN: gettext_lazy("Somebody has assigned the app in Intune beside the portal."),
    Kind.INTENT: gettext_lazy("Somebody has changed in Intune what the portal had assigned."),
    Kind.MISSING: gettext_lazy("Somebody has taken away in Intune what the portal had assigned."),
    Kind.NARROWED: gettext_lazy("Somebody has put a filter on the portal’s assignment, so that computers drop out."),
    Kind.APP_GONE: gettext_lazy("The app is no longer in Intune, so new computers do not get it."),
    Kind.APP_REPLACED: gettext_lazy(
        "The app is no longer in Intune. Another of the same name has come, to which nothing is assigned as decided."
    ),
    Kind.GROUP_GONE: gettext_lazy("The group is no longer in Entra, so what is assigned to it reaches nobody."),
    Kind.RULE: gettext_lazy("The group no longer holds exactly the computers of its container."),
    Kind.MEMBERS: gettext_lazy("Somebody has put computers into the group or taken them out by hand."),
    Kind.FILTER: gettext_lazy("The filter lets other computers through than before."),
}
IS_DECIDED = gettext_lazy("It says what is decided, but it is not the portal’s own.")


@dataclass(frozen=True)
class Names:
    """Of groups and filters, by id in lower case."""

    groups: Mapping[str, str]
    filters: Mapping[str, str]


def names_for(items: Iterable[DriftItem], organisation: Organisation) -> Names:
    """Containers by their own name; two queries."""
    entries = [entry for item in items for entry in (item.before, item.after) if entry and "target" in entry]
    groups = {entry["group_id"] for entry in entries if entry["group_id"]}
    filters = {entry["filter_id"] for entry in entries if entry["filter_id"]}
    rows = IntuneGroup.objects.filter(graph_id__in=groups).values_list("graph_id", "display_name")
    named = {str(group): name for group, name in rows}
    places = organisation.places_by_group()
    named |= {str(group): organisation.name(key) for group, key in places.items() if str(group) in groups}
    known = AssignmentFilter.objects.filter(graph_id__in=filters).values_list("graph_id", "display_name")
    return Names(named, {str(each): name for each, name in known})


def meaning(item: DriftItem) -> str:
    return str(IS_DECIDED if item.is_decided else MEANS[item.kind])


def decided(item: DriftItem, names: Names) -> list[str]:
    """What is decided, a sentence or two."""
    before = item.before or {}
    if item.kind == Kind.FOREIGN:
        return [_of_foreign(item, names)]
    if item.kind in (Kind.APP_GONE, Kind.APP_REPLACED):
        return [_("The app “%(name)s”, version %(version)s.") % {**before, "version": before["version"] or "–"}]
    return _DECIDED[item.kind](before) if item.kind in _DECIDED else [_entry(before, names)]


def _of_foreign(item: DriftItem, names: Names) -> str:
    after = item.after or {}
    if item.is_decided:
        return _entry(after, names)
    return _("Nothing is decided for %(group)s.") % {"group": _group(after, names)}


def _of_group(before: Mapping[str, Any]) -> list[str]:
    rule = before.get("rule")
    return [_("The group “%(name)s”.") % before, *([_rule(rule)] if rule else [])]


def _of_rule(before: Mapping[str, Any]) -> list[str]:
    return [_rule(before["rule"]) if before.get("rule") else _scope(before.get("scope") or [])]


def _of_members(before: Mapping[str, Any]) -> list[str]:
    words = ngettext(
        "%(members)s computer, as in the portal’s own lists.",
        "%(members)s computers, as in the portal’s own lists.",
        before["members"],
    )
    return [words % before]


def _of_filter(before: Mapping[str, Any]) -> list[str]:
    return [_rule(before.get("rule", "")), _("Used by: %(apps)s.") % {"apps": ", ".join(before["apps"])}]


_DECIDED: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    Kind.GROUP_GONE: _of_group,
    Kind.RULE: _of_rule,
    Kind.MEMBERS: _of_members,
    Kind.FILTER: _of_filter,
}


def in_intune(item: DriftItem, names: Names) -> list[str]:
    """What Intune has, a sentence or two."""
    after = item.after
    if after is None:
        return [_("Nothing.")]
    match item.kind:
        case Kind.APP_REPLACED:
            return [_("Another app “%(name)s”, version %(version)s.") % {**after, "version": after["version"] or "–"}]
        case Kind.RULE | Kind.FILTER:
            return [_rule(after["rule"])]
        case Kind.MEMBERS:
            return list(_members(item))
        case _:
            return [_entry(after, names)]


def _entry(entry: Mapping[str, Any], names: Names) -> str:
    said = {"intent": intent_word(entry["intent"]), "group": _group(entry, names)}
    if entry["target"] == "exclusionGroup":
        return _("Excluded from “%(intent)s”: %(group)s.") % said
    if not entry.get("filter_id"):
        return _("%(intent)s: %(group)s.") % said
    said["filter"] = names.filters.get(entry["filter_id"], entry["filter_id"])
    if entry.get("filter_type") == "exclude":
        return _("%(intent)s: %(group)s, but not the computers of the filter “%(filter)s”.") % said
    return _("%(intent)s: %(group)s, only the computers of the filter “%(filter)s”.") % said


def _group(entry: Mapping[str, Any], names: Names) -> str:
    group_id = entry.get("group_id")
    if group_id:
        return names.groups.get(group_id, group_id)
    return str(FOR_ALL.get(entry.get("target", ""), entry.get("target", "")))


def _rule(rule: str) -> str:
    return _("The rule: %(rule)s") % {"rule": rule or _("none")}


def _scope(scope: list[str]) -> str:
    if scope and scope[0] == "tag":
        return _("A rule that takes in the computers with the group tag %(tag)s.") % {"tag": scope[1]}
    if scope and scope[0] == "prefix":
        return _("A rule that takes in the computers whose group tag begins with %(tag)s.") % {"tag": scope[1]}
    return _("A rule that takes in all computers of Autopilot.")


def _members(item: DriftItem) -> Iterable[str]:
    before, after = item.before or {}, item.after or {}
    if after.get("came"):
        named = ", ".join(after["names"]) or ", ".join(after["came"])
        yield _("Put in by hand: %(names)s.") % {"names": named}
    if after.get("went"):
        yield _("Taken out by hand: %(names)s.") % {"names": ", ".join(before["names"]) or ", ".join(after["went"])}
