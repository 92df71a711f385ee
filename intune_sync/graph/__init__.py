"""The one door to Microsoft Graph. `client()` is a client for the registration in the settings:

with graph.client() as client:
    for page in client.pages("deviceManagement/managedDevices"): ...
"""

from functools import lru_cache

from django.conf import settings

from intune_sync.graph.batch import BatchAnswer, BatchRequest
from intune_sync.graph.client import GraphClient
from intune_sync.graph.condition import ConditionWriter
from intune_sync.graph.errors import (
    AnswerLost,
    ApprovalRequired,
    BadAnswer,
    BadRequest,
    Conflict,
    Forbidden,
    GraphError,
    GraphUnavailable,
    NotFound,
    Throttled,
    Unauthenticated,
)
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
    "Conflict",
    "Forbidden",
    "GraphClient",
    "GraphError",
    "GraphUnavailable",
    "NotFound",
    "Throttled",
    "Unauthenticated",
    "client",
]


def client(identity: str = "reader") -> GraphClient:
    """A client of its own connections; close it, or use it in a `with`. The token is shared by the whole process."""
    registration = Registration(
        authority_url=settings.AUTHORITY_URL,
        tenant_id=settings.TENANT_ID,
        client_id=settings.CLIENT_ID,
        scope=f"{settings.GRAPH_URL}/.default",
        secret=settings.CLIENT_SECRET,
        certificate=settings.CLIENT_CERTIFICATE,
        ca_bundle=settings.GRAPH_CA_BUNDLE,
    )
    return GraphClient(
        settings.GRAPH_URL, _token_source(registration), Transport(settings.GRAPH_CA_BUNDLE), ConditionWriter()
    )


@lru_cache(maxsize=4)
def _token_source(registration: Registration) -> TokenSource:
    return TokenSource(registration)
