"""What people are told about exceptions."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import SoftwareException
from schools.notifications.kinds import Words, register

KINDS: dict[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    "exception.asked": (
        _("An exception waits for a decision"),
        _("Decide about an exception: %(application)s, %(place)s"),
        _("%(who)s asks for an exception for %(place)s (%(application)s), until %(until)s: %(reason)s"),
    ),
    "exception.approved": (
        _("An exception is approved"),
        _("Yes to the exception: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) is approved. It ends by itself after %(until)s."),
    ),
    "exception.refused": (
        _("An exception is refused"),
        _("No to the exception: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) is refused: %(why)s"),
    ),
    "exception.in_force": (
        _("An exception is in force"),
        _("In force: %(application)s, %(place)s"),
        _("Intune has been told of the exception for %(place)s (%(application)s). It ends after %(until)s."),
    ),
    "exception.ends_soon": (
        _("An exception ends soon"),
        _("Ends %(until)s: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) ends after %(until)s. Renew it if it is needed longer."),
    ),
    "exception.ending": (
        _("An exception ends"),
        _("Ends now: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) ends. %(why)s"),
    ),
    "exception.ended": (
        _("An exception has ended"),
        _("Ended: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) has ended; what was decided before holds again. %(why)s"),
    ),
    "exception.renewal_asked": (
        _("A renewal of an exception waits for a decision"),
        _("Decide about a renewal: %(application)s, %(place)s"),
        _("%(who)s asks to renew the exception for %(place)s (%(application)s) until %(until)s: %(reason)s"),
    ),
    "exception.renewed": (
        _("An exception is renewed"),
        _("Renewed: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) now ends after %(until)s."),
    ),
    "exception.renewal_refused": (
        _("A renewal of an exception is refused"),
        _("No renewal: %(application)s, %(place)s"),
        _("The exception for %(place)s (%(application)s) is not renewed: %(why)s It ends after %(until)s."),
    ),
}
"""By kind: its name, the subject and the body; the last two take what `exceptions.telling` knows."""


def _words(sentence: str | Promise) -> Words:
    def said(data: dict[str, Any]) -> str:
        return str(sentence) % {**data, "why": _why(data)}

    return said


def _why(data: dict[str, Any]) -> str:
    """In somebody's own words, or in the reader's language by its code."""
    labels = dict(SoftwareException.Why.choices)
    return str(data.get("words") or labels.get(data.get("code", ""), ""))


for _kind, (_label, _subject, _body) in KINDS.items():
    register(_kind, _words(_subject), _words(_body), label=_label)
