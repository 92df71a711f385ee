"""What plans, notices and failures say to a person, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deployments.models import ChangeTarget, Intent
from intune_sync.graph import Forbidden, GraphError, GraphUnavailable, Throttled, Unauthenticated
from intune_sync.own_words import in_readers_language

Effect = ChangeTarget.Effect

NOTICES: dict[str, str | Promise] = {
    "other_intent": gettext_lazy(
        "%(app)s is left as it is: somebody has assigned it in Intune as “%(other_intent)s” to the group %(group)s, "
        "where this change wants “%(intent)s”. Take that assignment away in Intune, or leave that group out here."
    ),
    "included": gettext_lazy(
        "%(app)s is left as it is: somebody has assigned it in Intune to the group %(group)s, which this change wants "
        "to leave out."
    ),
    "excluded": gettext_lazy(
        "%(app)s is left as it is: somebody has excluded the group %(group)s in Intune, which this change wants to "
        "give it."
    ),
    "filtered": gettext_lazy(
        "%(app)s is left as it is: somebody has assigned it in Intune to the group %(group)s with a filter, so that "
        "only some of the computers get it."
    ),
    "lonely_exclusion": gettext_lazy(
        "%(app)s is left as it is: somebody has excluded the group %(group)s in Intune, and without our assignment "
        "Intune would refuse that exclusion. Take it away in Intune first."
    ),
    "twice": gettext_lazy(
        "%(app)s is left as it is: the group %(group)s would need two entries, and Intune takes one for each group."
    ),
    "app_gone": gettext_lazy("%(app)s is no longer in Intune, so nothing can be assigned."),
    "not_published": gettext_lazy("%(app)s is left as it is: it is not published in Intune yet."),
    "covered": gettext_lazy(
        "Somebody has already assigned %(app)s to the group %(group)s in Intune. That stays theirs, and nothing is "
        "added."
    ),
    "foreign_exclusion": gettext_lazy(
        "Somebody has excluded the group %(group)s from %(app)s in Intune. Computers in it do not get the app."
    ),
    "no_group": gettext_lazy(
        "%(app)s does not reach %(place)s: there is no Entra group for it. Create the group, or choose a wider "
        "container."
    ),
    "unknown_school": gettext_lazy(
        "%(app)s does not reach the computers in %(place)s whose school nobody knows, because the group also holds "
        "computers that must not get it."
    ),
    "two_intents": gettext_lazy(
        "%(app)s does not reach %(place)s as “%(intent)s”: in Intune, what a container around it says wins. Say the "
        "same in both, or put the computers into a class group of their own."
    ),
    "app_type": gettext_lazy(
        "%(app)s does not reach %(place)s as “%(intent)s”: Intune can offer only Win32 apps to groups of computers."
    ),
    "many_removals": gettext_lazy(
        "Of the %(of)s assignments that the portal keeps in Intune, %(count)s are taken away. Is that meant?"
    ),
}


def notice_sentence(notice: Mapping[str, Any], groups: Mapping[str, str]) -> str:
    """`notice` as `ChangeSet.plan` keeps it; `groups` gives names of Entra groups by id."""
    group_id = notice.get("group_id")
    data = {
        **notice,
        "intent": intent_word(notice.get("intent", "")),
        "other_intent": intent_word(notice.get("other_intent", "")),
        "group": groups.get(group_id or "", group_id) or _("all computers"),
    }
    return str(NOTICES.get(notice["code"], notice["code"])) % data


def group_sentence(group: Mapping[str, Any]) -> str:
    """About a group of `ChangeSet.plan` that does not exist yet."""
    return ngettext(
        "The group “%(name)s” is created in Entra with %(members)s computer, and kept up to date from then on.",
        "The group “%(name)s” is created in Entra with %(members)s computers, and kept up to date from then on.",
        group["members"],
    ) % {"name": group["name"], "members": grouped(group["members"])}


def rule_sentence(rule: Mapping[str, Any]) -> str:
    """About a group of `ChangeSet.plan` that gets its rule back."""
    return ngettext(
        "The group “%(name)s” gets its former rule back. Its container has %(computers)s computer; Entra takes from "
        "some minutes to a day to move computers in and out.",
        "The group “%(name)s” gets its former rule back. Its container has %(computers)s computers; Entra takes from "
        "some minutes to a day to move computers in and out.",
        rule["computers"],
    ) % {"name": rule["name"], "computers": grouped(rule["computers"])}


def intent_word(intent: str) -> str:
    return str(Intent(intent).label) if intent in Intent.values else intent


def effect_sentence(app: str, effect: str, computers: int, schools: int) -> str:
    """ "GeoGebra becomes required on 4,980 computers at 9 schools." """
    sentences = {
        Effect.INSTALL: ngettext(
            "%(app)s becomes required on %(computers)s computer at %(schools)s.",
            "%(app)s becomes required on %(computers)s computers at %(schools)s.",
            computers,
        ),
        Effect.OFFER: ngettext(
            "%(app)s becomes available on %(computers)s computer at %(schools)s.",
            "%(app)s becomes available on %(computers)s computers at %(schools)s.",
            computers,
        ),
        Effect.UNINSTALL: ngettext(
            "%(app)s is removed from %(computers)s computer at %(schools)s.",
            "%(app)s is removed from %(computers)s computers at %(schools)s.",
            computers,
        ),
        Effect.RELEASE: ngettext(
            "%(app)s is no longer assigned to %(computers)s computer at %(schools)s; what is installed stays.",
            "%(app)s is no longer assigned to %(computers)s computers at %(schools)s; what is installed stays.",
            computers,
        ),
    }
    return sentences[Effect(effect)] % {
        "app": app,
        "computers": grouped(computers),
        "schools": ngettext("%(count)s school", "%(count)s schools", schools) % {"count": grouped(schools)},
    }


def grouped(value: int) -> str:
    return str(number_format(value, use_l10n=True, force_grouping=True))


def gigabytes(size_bytes: int) -> str:
    """ "1.2 GB"; as manufacturers count, 10⁹ bytes."""
    return _("%(size)s GB") % {"size": number_format(size_bytes / 1e9, 1, use_l10n=True, force_grouping=True)}


def graph_sentence(error: GraphError) -> str:
    """Why Intune could not be read, and what that means: nothing was changed."""
    if isinstance(error, Throttled):
        return _("Intune asks the portal to wait a moment. Nothing was changed; try again in a minute.")
    if isinstance(error, GraphUnavailable):
        return _("Intune does not answer at the moment. Nothing was changed; try again when it does.")
    if isinstance(error, Unauthenticated):
        return _(
            "Intune does not accept the portal’s sign-in. Nothing was changed; an administrator has to look at it."
        )
    if isinstance(error, Forbidden):
        return _("The portal lacks a permission in Intune for this. Nothing was changed.")
    return _("Intune refused: %(said)s Nothing was changed.") % {"said": in_readers_language(error.message)}
