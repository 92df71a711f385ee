"""The one door to Microsoft Graph. `client()` is a client for one of the registrations in the settings:

with graph.client() as client:
    for page in client.pages("deviceManagement/managedDevices"): ...
"""

from django.conf import settings

from intune_sync.graph.batch import BatchAnswer, BatchRequest
from intune_sync.graph.breaker import BREAKER
from intune_sync.graph.budget import budget_of
from intune_sync.graph.client import GraphClient
from intune_sync.graph.condition import ConditionWriter
from intune_sync.graph.errors import (
    AnswerLost,
    ApprovalRequired,
    BadAnswer,
    BadRequest,
    CircuitOpen,
    Conflict,
    DependencyFailed,
    Forbidden,
    GraphError,
    GraphUnavailable,
    NotFound,
    Throttled,
    Unauthenticated,
)
from intune_sync.graph.gate import Gate
from intune_sync.graph.identities import WrongIdentity, registration, require_here, token_source
from intune_sync.graph.tokens import Registration, TokenSource
from intune_sync.graph.transport import Answer, Transport

__all__ = [
    "Answer",
    "AnswerLost",
    "ApprovalRequired",
    "BadAnswer",
    "BadRequest",
    "BatchAnswer",
    "BatchRequest",
    "CircuitOpen",
    "Conflict",
    "DependencyFailed",
    "Forbidden",
    "GraphClient",
    "GraphError",
    "GraphUnavailable",
    "NotFound",
    "Throttled",
    "Unauthenticated",
    "WrongIdentity",
    "client",
    "client_of",
]


def client(identity: str = "reader") -> GraphClient:
    """A client of its own connections for one of `identities.IDENTITIES`; close it, or use it in a `with`.

    Token, budget and pause are shared by all workers. Raises WrongIdentity in a process that is another identity.
    """
    require_here(identity)
    registered = registration(identity)
    return client_of(registered, token_source(registered))


def client_of(registered: Registration, tokens: TokenSource) -> GraphClient:
    return GraphClient(
        settings.GRAPH_URL,
        tokens,
        Transport(settings.GRAPH_CA_BUNDLE),
        ConditionWriter(),
        gate=Gate(budget_of(registered.client_id), BREAKER),
    )
