"""What people are told about: each kind turns its data into a subject and a body, in the language that is active then.

Every installed app's `notices` module registers its own kinds when the portal starts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

Words = Callable[[dict[str, Any]], str]


@dataclass(frozen=True)
class Kind:
    """`label` names the kind where somebody chooses kinds; `subject` and `body` take the data that `tell` was given."""

    code: str
    subject: Words
    body: Words
    label: str | Promise


_KINDS: dict[str, Kind] = {}


def register(kind: str, subject: Words, body: Words, *, label: str | Promise = "") -> None:
    """Both words are called in the reader's language, on the page and for the mail; data is as JSON keeps it."""
    _KINDS[kind] = Kind(kind, subject, body, label or kind)


def is_registered(kind: str) -> bool:
    return kind in _KINDS


def kinds() -> Mapping[str, Kind]:
    return dict(sorted(_KINDS.items()))


def subject_of(kind: str, data: dict[str, Any]) -> str:
    return _said(kind, "subject", data) or _("Something has happened that concerns you")


def body_of(kind: str, data: dict[str, Any]) -> str:
    return _said(kind, "body", data)


def _said(kind: str, part: str, data: dict[str, Any]) -> str:
    """Empty for a row that an older or newer version of the portal has written and this one has no words for."""
    try:
        words: Words = getattr(_KINDS[kind], part)
        return str(words(data))
    except LookupError:
        log.warning("no words for a notification of the kind %s", kind)
        return ""
