"""Reading apps' assignment lists, from beta, where filters exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from intune_sync.graph import BatchAnswer, BatchRequest, GraphClient, NotFound
from intune_sync.graph.beta import BETA
from intune_sync.payloads import assignments_path
from intune_sync.push.merge import Raw


def read_list(client: GraphClient, app_id: UUID | str) -> list[Raw]:
    """The app's whole list. Raises GraphError if any page fails."""
    return [raw for page in client.pages(assignments_path(app_id), version=BETA) for raw in page]


def read_lists(client: GraphClient, app_ids: Iterable[UUID]) -> Mapping[UUID, list[Raw] | None]:
    """The lists of these apps, None for an app that Intune does not have; one request for each twenty.

    Raises GraphError if one cannot be read: nothing is concluded from a part.
    """
    apps = sorted(set(app_ids))
    answers = client.batch([BatchRequest(str(app), "GET", f"/{assignments_path(app)}") for app in apps], BETA)
    return {app: _list_in(answers[str(app)], client, app) for app in apps}


def _list_in(answer: BatchAnswer, client: GraphClient, app_id: UUID) -> list[Raw] | None:
    if isinstance(answer.error, NotFound):
        return None
    if answer.error:
        raise answer.error
    if answer.body.get("@odata.nextLink"):
        return read_list(client, app_id)
    return list(answer.body["value"])
