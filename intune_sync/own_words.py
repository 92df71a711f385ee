"""What the portal itself says of a call that failed: kept in English with the failure, told in the reader's language.

What Graph said stays in Graph's words.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext, gettext_noop

CONNECTION_FAILED = gettext_noop("The connection failed.")
SIGN_IN_UNREACHABLE = gettext_noop("The sign-in service cannot be reached.")
NO_CREDENTIAL = gettext_noop("Neither CLIENT_SECRET nor CLIENT_CERTIFICATE is set.")
CERTIFICATE_UNREADABLE = gettext_noop("The file that CLIENT_CERTIFICATE names cannot be read.")
NO_LIST = gettext_noop("Graph answered with a page that holds no list.")
FOREIGN_LINK = gettext_noop("Graph's next link leads in a circle or to a foreign address.")
NOT_ENCRYPTED = gettext_noop("Graph offers a download that is not encrypted.")
NO_DOWNLOAD = gettext_noop("The export cannot be downloaded.")
BROKEN_EXPORT = gettext_noop("The export from Intune is not a readable ZIP with a CSV file.")
NO_EXPORT = gettext_noop("Intune did not finish the report that it was asked for.")
NO_DELTA_LINK = gettext_noop("Entra ended a list of changes without saying where it goes on.")
NO_ASSIGNMENTS = gettext_noop("Graph left out the assignments of an app.")
CIRCUIT_OPEN = gettext_noop("Microsoft Graph has not answered several times in a row, so the portal pauses its calls.")
BUDGET_SPENT = gettext_noop("The portal keeps below what Microsoft allows, and waits for its turn.")
HELD = gettext_noop("Microsoft has asked the portal to wait.")
NOT_IN_BATCH = gettext_noop("The batch came back without this call.")
BATCH_LOST = gettext_noop("The answer to the batch with this call was lost.")

OURS = {text for name, text in globals().items() if name.isupper()}
DETAIL = re.compile(r"(.*?) \(([^()]*)\)\.")


def with_detail(sentence: str, detail: object) -> str:
    """ "The connection failed (ReadTimeout)." """
    return f"{sentence.removesuffix('.')} ({detail})."


def is_ours(said: str) -> bool:
    return _parts(said)[0] in OURS


def in_readers_language(said: str) -> str:
    """A sentence of ours translated, with its detail; anything else as it is."""
    sentence, detail = _parts(said)
    if sentence not in OURS:
        return said
    return with_detail(gettext(sentence), detail) if detail else gettext(sentence)


def _parts(said: str) -> tuple[str, str]:
    found = DETAIL.fullmatch(said)
    return (f"{found[1]}.", found[2]) if found else (said, "")
