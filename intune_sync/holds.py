"""Why a decided change waits for IT: kept as a code with its data, told in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import BaselineRevision, ChangeSet
from deployments.models.moves import InvalidMove
from deployments.services import changes
from deployments.services.at_once import NotAtOnce
from deployments.services.changes import NOT_COVERED, NotCovered
from deployments.services.rollouts.planning import MOST_AT_ONCE
from intune_sync.previews import group_names
from intune_sync.words import notice_sentence

NOTICE, STATE, TOO_MANY, SAID = "notice", "state", "too_many", "said"
BY_KIND: dict[type[ValidationError], str] = {
    changes.OwnRequest: "own_request",
    changes.OutdatedDraft: "outdated",
    changes.StaleApproval: "stale",
    changes.AnotherUnderWay: "busy",
}
SENTENCES: dict[str, str | Promise] = {
    **NOT_COVERED,
    "own_request": _("Whoever asked for it decided it too, so somebody else has to approve it."),
    "outdated": _("Another revision has become active since. The change is planned anew by itself."),
    "stale": _("The plan has changed since it was made. The change is planned anew by itself."),
    "busy": _("Another change is being written or needs attention. Finish that one first."),
    STATE: _("This cannot be done now: the state is “%(state)s”."),
    TOO_MANY: _(
        "It installs or removes software on %(count)s computers, and at most %(most)s get that at once. Plan a "
        "roll-out."
    ),
    SAID: "%(said)s",
}
STATES = {**dict(BaselineRevision.Status.choices), **dict(ChangeSet.Status.choices)}


class LeftForIT(ValidationError):
    """The decision lets the change through, but it would not do what was decided; `notice` is the plan's."""

    def __init__(self, notice: Mapping[str, Any]) -> None:
        names = group_names([notice["group_id"]] if notice["group_id"] else [])
        self.data = {**notice, "group_name": names.get(notice["group_id"] or "", "")}
        super().__init__(_notice(self.data), code=NOTICE)


def reason_of(error: ValidationError) -> tuple[str, dict[str, Any]]:
    """The code and its data, as JSON keeps them; what nobody foresaw keeps its words."""
    if isinstance(error, LeftForIT):
        return NOTICE, error.data
    if isinstance(error, NotCovered):
        return str(error.code), error.data
    if isinstance(error, NotAtOnce):
        return TOO_MANY, {"count": error.against.computers, "most": MOST_AT_ONCE}
    if isinstance(error, InvalidMove):
        return STATE, {"status": error.status}
    if code := BY_KIND.get(type(error)):
        return code, {}
    return SAID, {"said": " ".join(error.messages)}


def explain(code: str, data: Mapping[str, Any]) -> str:
    """A sentence or two in the language that is active; the bare code for one that a newer version wrote."""
    if code == NOTICE:
        return _notice(data)
    known = {"state": str(STATES.get(data.get("status", ""), "")), **data}
    return str(SENTENCES[code] % known) if code in SENTENCES else code


def _notice(data: Mapping[str, Any]) -> str:
    group_id, name = data.get("group_id"), data.get("group_name")
    return notice_sentence(data, {group_id: name} if group_id and name else {})
