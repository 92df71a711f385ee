"""Entra's delta queries: a link that tells what has changed since it was given out.

One object may come several times, in any order, with only what has changed, and again after it was told; what comes
last counts. https://learn.microsoft.com/graph/delta-query-overview
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from intune_sync import own_words
from intune_sync.graph import BadAnswer, BadRequest, GraphClient, GraphError, NotFound
from intune_sync.graph.trail import Trail
from intune_sync.models import SyncRun
from intune_sync.pull.outcome import Outcome, Pull

log = logging.getLogger(__name__)

GONE = 410
FORGOTTEN = frozenset({"syncstatenotfound", "resyncrequired"})


class ResyncRequired(Exception):
    """Entra no longer knows the link, or it is another server's: everything has to be read."""


@dataclass(frozen=True)
class Changes:
    """One page. `link` is "" on all pages but the last."""

    items: list[dict[str, Any]]
    link: str


def changes_or_all(
    pull: Pull, changes: Callable[[Pull], Outcome], everything: Callable[[Pull, dict[str, int]], Outcome]
) -> Outcome:
    """What the run is asked for; and everything when Entra cannot tell changes any more. `everything` is given counts
    to begin with."""
    if pull.is_window:
        try:
            return changes(pull)
        except ResyncRequired:
            pull.run.mode = SyncRun.Mode.FULL
            return everything(pull, {"resynced": 1})
    return everything(pull, {})


def start_link(graph: GraphClient, path: str, params: Mapping[str, str]) -> str:
    """Where changes from now on will be told, asked for before everything is read, so that none falls between.

    "" from a server that has no delta query for this: then everything is read each time.
    """
    try:
        pages = list(_pages(graph, f"{path}/delta", {**params, "$deltatoken": "latest"}))
    except (BadRequest, NotFound) as error:
        log.warning("no changes can be asked for of %s: %s", path, error.message)
        return ""
    return pages[-1].link


def changes_since(graph: GraphClient, link: str) -> Iterator[Changes]:
    """Raises ResyncRequired when the link is of no use any more."""
    if not link.startswith(_root(graph)):
        raise ResyncRequired
    try:
        yield from _pages(graph, link.removeprefix(_root(graph)), None)
    except GraphError as error:
        if error.status == GONE or error.code.lower() in FORGOTTEN:
            raise ResyncRequired from error
        raise


def is_removed(item: Mapping[str, Any]) -> bool:
    """Deleted for good, or softly; or, of a member, taken out."""
    return "@removed" in item


def _pages(graph: GraphClient, path: str, params: Mapping[str, str] | None) -> Iterator[Changes]:
    seen, trail = set[str](), Trail(by_content=True)
    while path:
        seen.add(path)
        body = graph.get(path, params)
        if not isinstance(body, dict) or not isinstance(body.get("value"), list):
            raise BadAnswer(own_words.NO_LIST)
        path, params = _inside(graph, body.get("@odata.nextLink"), seen), None
        if path:
            trail.pass_by(body["value"])
        link = "" if path else str(body.get("@odata.deltaLink") or "")
        if not path and not link:
            raise BadAnswer(own_words.NO_DELTA_LINK)
        yield Changes(body["value"], link)


def _inside(graph: GraphClient, link: Any, seen: set[str]) -> str:
    """The path of a next link, "" for none. Raises BadAnswer when it leads in a circle or to another host."""
    path = str(link or "").removeprefix(_root(graph))
    if path and (path in seen or path == link):
        raise BadAnswer(own_words.FOREIGN_LINK)
    return path


def _root(graph: GraphClient) -> str:
    return f"{graph.url}/v1.0/"
