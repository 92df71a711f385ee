"""Whether a person whom Entra vouched for may still act: asked whenever they do something, by page or by API token.

Entra is asked again, with the refresh token, when its last answer is four minutes old; so what it takes away is gone
within five. When it does not answer, its last answer holds for half an hour, and then nothing of theirs works until it
does. Whoever does nothing is asked about once a day.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from schools.entra import accounts, vault
from schools.entra.door import door, is_open
from schools.entra.refusals import EntraUnreachable, SignInRefused
from schools.models import EntraAccount, User

log = logging.getLogger(__name__)

GOOD_FOR = timedelta(minutes=4)
TRY_AGAIN_AFTER = timedelta(seconds=20)
"""So long one process has for asking; others act on the last answer meanwhile."""
GRACE = timedelta(minutes=30)
AT_LEAST_EVERY = timedelta(days=1)
AT_A_TIME = 50
Standing = EntraAccount.Standing


def refusal(user: User, now: datetime) -> str:
    """A code of REFUSALS, or nothing when the person may act; always nothing for local accounts."""
    account: EntraAccount | None = getattr(user, "entra", None)
    if account is None:
        return ""
    if not is_open():
        return "off"
    if account.standing == Standing.GOOD and now - account.confirmed_at >= GOOD_FOR:
        ask(account, now)
    if account.standing != Standing.GOOD:
        return str(account.standing)
    return "silent" if now - account.confirmed_at > GRACE else ""


def ask(account: EntraAccount, now: datetime) -> bool:
    """Ask Entra, unless another process does; `account` is as the answer leaves it. False when Entra is silent."""
    if not account.claim(now, now - TRY_AGAIN_AFTER):
        return True
    try:
        accounts.keep(account, door().renew(vault.opened(account.refresh_token)), now)
    except SignInRefused as refused:
        log.info("Entra no longer vouches for person %s: %s", account.user_id, refused)
        accounts.end(account, refused.code)
    except EntraUnreachable as error:
        log.warning("Entra does not answer about people: %s", error)
        return False
    return True


def ask_about_the_quiet(now: datetime) -> int:
    """Ask about people who have not been asked about for a day, the longest waiting first; how many."""
    if not is_open():
        return 0
    waiting = EntraAccount.objects.filter(standing=Standing.GOOD, confirmed_at__lt=now - AT_LEAST_EVERY)
    asked = 0
    for account in waiting.select_related("user").order_by("asked_at")[:AT_A_TIME]:
        if not ask(account, now):
            break
        asked += 1
    return asked
