"""What a proposal asks for, in a sentence: on its page, on the agenda and in the minutes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.models import Proposal

Kind = Proposal.Kind


def asks_for(proposal: Proposal) -> str:
    """Of a proposal with its application, version and containers loaded."""
    said = {
        "application": proposal.application,
        "container": proposal.profile,
        "replaces": proposal.replaces or "",
        "former": proposal.moved_from or "",
        "intent": str(proposal.get_intent_display()).lower(),
        "version": proposal.version.version if proposal.version else _("the latest version"),
    }
    return _sentence(proposal) % said


def _sentence(proposal: Proposal) -> str:
    if proposal.kind == Kind.PROFILE and proposal.moved_from is not None:
        return _("The rule for %(application)s moves from %(former)s to %(container)s: %(intent)s, %(version)s.")
    return {
        Kind.ADD.value: _("%(container)s gets %(application)s: %(intent)s, %(version)s."),
        Kind.REMOVE.value: _("%(container)s does without %(application)s."),
        Kind.REPLACE.value: _("%(container)s gets %(application)s instead of %(replaces)s: %(intent)s, %(version)s."),
        Kind.VERSION.value: _("%(container)s gets version %(version)s of %(application)s: %(intent)s."),
        Kind.SCOPE.value: _("%(application)s is for %(container)s and nobody else: %(intent)s, %(version)s."),
        Kind.PROFILE.value: _("The rule of %(container)s for %(application)s comes to say: %(intent)s, %(version)s."),
    }[proposal.kind]
