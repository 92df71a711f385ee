"""The audit trail in words: acts, the columns they changed, and where they came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

ACTS: dict[str, str | Promise] = {
    "person.created": gettext_lazy("Account created"),
    "person.password_changed": gettext_lazy("Password changed"),
    "role.granted": gettext_lazy("Role given"),
    "role.revoked": gettext_lazy("Role ended"),
    "token.issued": gettext_lazy("API token made"),
    "token.revoked": gettext_lazy("API token revoked"),
    "municipality.named": gettext_lazy("Municipality named"),
    "administration.added": gettext_lazy("Administration added"),
    "administration.renamed": gettext_lazy("Administration renamed"),
    "school.added": gettext_lazy("School added"),
    "school.changed": gettext_lazy("School changed"),
}
"""Every act that any room records, in the words of a page. A test compares it with the code."""

COLUMNS: dict[str, str | Promise] = {
    "administration": gettext_lazy("Administration"),
    "expires_at": gettext_lazy("Expires"),
    "group_tag": gettext_lazy("Group tag"),
    "name": gettext_lazy("Name"),
    "revoked_at": gettext_lazy("Revoked"),
    "role": gettext_lazy("Role"),
    "school": gettext_lazy("School"),
    "school_form": gettext_lazy("School form"),
    "school_unit_code": gettext_lazy("School unit code"),
    "username": gettext_lazy("User name"),
    "valid_until": gettext_lazy("Valid until"),
}

ORIGINS: dict[str, str | Promise] = {
    "web": gettext_lazy("Web page"),
    "api": gettext_lazy("API"),
    "command": gettext_lazy("Command line"),
    "worker": gettext_lazy("The portal itself"),
}


@dataclass(frozen=True)
class Difference:
    """One column of an event: what it was (None: nothing was said) and what it became."""

    column: str
    before: str | None
    after: str | None


def act_in_words(act: str) -> str:
    return str(ACTS.get(act, act))


def origin_in_words(origin: str) -> str:
    kind, _space, address = origin.partition(" ")
    return f"{ORIGINS.get(kind, kind)} {address}".strip()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """What an event says, column by column; a column that did not change is left out."""
    return [
        Difference(str(COLUMNS.get(column, column)), _said(before, column), _said(after, column))
        for column in sorted(before.keys() | after.keys())
        if column not in before or column not in after or before[column] != after[column]
    ]


def _said(values: dict[str, Any], column: str) -> str | None:
    return _value_in_words(values[column]) if column in values else None


def _value_in_words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
