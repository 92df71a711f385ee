"""What a failed call becomes in the run's row."""

from __future__ import annotations

from typing import Any

from intune_sync.graph import BadAnswer, Forbidden, GraphError, GraphUnavailable, Unauthenticated
from intune_sync.pull.exports import ExportFailed


def reason_of(error: GraphError) -> tuple[str, dict[str, Any]]:
    """Code and data that tell of a failed call. Graph's own words stay as they are, in English."""
    said = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
    data = {"said": said, "request_id": error.request_id}
    if isinstance(error, ExportFailed):
        return "export_failed", {}
    if isinstance(error, GraphUnavailable):
        return "graph_unavailable", data
    if isinstance(error, Unauthenticated):
        return "unauthenticated", data
    if isinstance(error, Forbidden):
        return "forbidden", data
    if isinstance(error, BadAnswer):
        return "bad_answer", data
    return "refused", data
