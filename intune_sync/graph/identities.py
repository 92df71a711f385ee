"""The app registrations that the portal may use, one for each kind of work.

`reader` reads, `writer` changes apps, groups and registrations, `destructive` resets computers. Each is used by its own
queue alone, so that a worker's machine need hold no secret but its own. One registration may serve as all three.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

from intune_sync.graph.token_shelf import TokenShelf
from intune_sync.graph.tokens import Registration, TokenSource

IDENTITIES = ("reader", "writer", "destructive")
QUEUES = {"pull": "reader", "write": "writer", "destructive": "destructive"}
"""Whose workers are which identity; everybody else, the web and planning too, is the reader."""
_here = set(IDENTITIES)


class WrongIdentity(Exception):
    """This process may not act as that identity."""


def serve_queues(queues: Iterable[str]) -> None:
    """From now on this process, and whatever it forks, acts as the identities of these queues and as no other. Told at
    the start of every worker and of the web; a command that somebody types may choose."""
    _here.clear()
    _here.update(QUEUES.get(queue, "reader") for queue in queues)


def require_here(identity: str) -> None:
    """Raises WrongIdentity."""
    if identity not in _here:
        raise WrongIdentity(f"this process is {' and '.join(sorted(_here))}, and not {identity}")


def registration(identity: str) -> Registration:
    """An identity's own values where there are any, otherwise the common ones. Raises KeyError for an unknown name."""
    own: dict[str, str] = settings.GRAPH_IDENTITIES[identity]
    has_own_credential = bool(own["client_secret"] or own["client_certificate"])
    return Registration(
        authority_url=settings.AUTHORITY_URL,
        tenant_id=settings.TENANT_ID,
        client_id=own["client_id"] or settings.CLIENT_ID,
        scope=f"{settings.GRAPH_URL}/.default",
        secret=own["client_secret"] if has_own_credential else settings.CLIENT_SECRET,
        certificate=own["client_certificate"] if has_own_credential else settings.CLIENT_CERTIFICATE,
        ca_bundle=settings.GRAPH_CA_BUNDLE,
    )


def token_source(registered: Registration) -> TokenSource:
    """One for each process, sharing its token with the other processes."""
    return _token_source(registered, settings.REDIS_URL)


@lru_cache(maxsize=8)
def _token_source(registered: Registration, redis_url: str) -> TokenSource:
    return TokenSource(registered, TokenShelf(redis_url, repr(registered)))
