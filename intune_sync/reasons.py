"""Why a synchronisation ended or waits as it does: stored as a code with its data, told in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from intune_sync.own_words import in_readers_language

REASONS = {
    "graph_unavailable": _(
        "Microsoft Graph did not answer: %(said)s The next synchronisation starts by itself; what you see is what was "
        "read before."
    ),
    "unauthenticated": _(
        "Microsoft did not accept the portal's sign-in: %(said)s Check the app registration and its secret or "
        "certificate."
    ),
    "forbidden": _(
        "The app registration may not read this: %(said)s An administrator has to grant the permission in Entra."
    ),
    "bad_answer": _("The answer from Microsoft Graph could not be trusted, so nothing was changed: %(said)s"),
    "refused": _("Microsoft Graph refused the request: %(said)s"),
    "export_failed": _(
        "Intune did not finish the report that it was asked for, although it was asked three times. What you see is "
        "what was read before; the next synchronisation asks again."
    ),
    "throttled": _("Microsoft Graph asked us to wait. It goes on by itself."),
    "paused": _(
        "Microsoft Graph has not answered several times in a row, so calls pause. It goes on by itself as soon as it "
        "answers."
    ),
    "more_to_do": _("One part is done; the rest follows by itself."),
    "shrunk": _(
        "%(absent)s of %(known)s were not in the answer, which is more than can be believed without asking. Nothing "
        "was changed. If they really are gone, an IT administrator can let the synchronisation through."
    ),
    "busy": _("Another synchronisation of the same kind was under way, so this one was not needed."),
    "abandoned": _("The worker disappeared in the middle. Nothing was half saved; it is done again by itself."),
    "unexpected": _(
        "An error that nobody foresaw stopped it (%(kind)s). Nothing was half saved; the log has the details."
    ),
}


def explain(code: str, data: Mapping[str, Any]) -> str:
    """A sentence or two; empty for no code, the bare code for one that a newer version wrote."""
    if not code:
        return ""
    sentence = str(REASONS.get(code, code))
    try:
        return sentence % {**data, "said": in_readers_language(str(data.get("said", "")))}
    except (KeyError, TypeError, ValueError):
        return sentence
