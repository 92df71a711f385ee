"""Why Entra's sign-in does not lead in, in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: dict[str, str | Promise] = {
    "declined": _("The sign-in was cancelled. You can try again when you like."),
    "begun_elsewhere": _("This sign-in was begun in another window, or has been used already. Begin again."),
    "too_late": _("The sign-in took more than a quarter of an hour. Begin again."),
    "state": _("The answer does not belong to the sign-in that was begun here. Begin again."),
    "code": _("Entra did not accept the sign-in: it has been used already, or is too old. Begin again."),
    "nonce": _("The answer from Entra belongs to another sign-in. Begin again."),
    "issuer": _("The answer was not made by the municipality's Entra. Tell your IT administrator."),
    "audience": _("The answer from Entra was meant for another system. Tell your IT administrator."),
    "tenant": _("That account does not belong to the municipality. Sign in with the account you have from work."),
    "expired": _(
        "The answer from Entra is too old. Begin again; if it happens again, the clock of the portal may be wrong."
    ),
    "not_yet": _(
        "The answer from Entra is not valid yet. The clock of the portal may be wrong: tell your administrator."
    ),
    "signature": _("The answer from Entra is not signed as it should be. Tell your IT administrator."),
    "incomplete": _("The answer from Entra lacks something that it should have. Tell your IT administrator."),
    "no_roles": _("Your account has no role in Terminsklar yet. Ask your IT administrator for one."),
    "no_school": _("Your role belongs to a school, and Entra does not say which. Ask your IT administrator."),
    "too_many_groups": _(
        "You are in more groups than Entra lists at sign-in, so your school is not known. Tell your IT administrator."
    ),
    "unreachable": _("Entra does not answer right now. Try again in a few minutes."),
    "silent": _("You are signed out, because Entra has not answered for half an hour. Try again when it does."),
    "again": _("Entra wants you to sign in again."),
    "closed": _("Your account is closed, or no longer has a role here. Ask your IT administrator if that is wrong."),
    "off": _("Signing in with Entra has been turned off. Ask your IT administrator."),
    "half_signed_out": _("You are signed out here. Entra did not answer, so you may still be signed in there."),
}
"""Codes as session, audit trail and log have them."""


class SignInRefused(Exception):
    """`code` is one of REFUSALS; `detail` is for the log: never a token or a name."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class EntraUnreachable(Exception):
    """No answer, or none that says anything about the person."""
