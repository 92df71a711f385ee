"""The next page is on its way while the caller works on this one: nothing else about reading changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from intune_sync.graph import BadAnswer, Forbidden, GraphClient
from intune_sync.graph.trail import MOST_EMPTY
from intune_sync.graph.transport import Answer, NoAnswer

URL = "https://graph.example"


class Tokens:
    def token(self) -> str:
        return "token"

    def forget(self, token: str) -> None: ...


@dataclass
class Wire:
    """Microsoft's side: what it answers, and on which threads it was asked."""

    answers: list[Any]
    asked: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def send(self, method: str, url: str, token: str, **call: Any) -> Answer:
        self.asked.append(url)
        self.threads.add(threading.current_thread().name)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(200, answer)

    def close(self) -> None: ...


def page(number: int, last: bool = False) -> Mapping[str, Any]:
    return {"value": [{"id": number}]} | ({} if last else {"@odata.nextLink": f"{URL}/v1.0/things?page={number + 1}"})


def client(*answers: Any) -> tuple[GraphClient, Wire]:
    wire = Wire(list(answers))
    return GraphClient(URL, Tokens(), wire), wire  # type: ignore[arg-type]


def within(seconds: float, wire: Wire, asked: int) -> bool:
    deadline = time.monotonic() + seconds
    while len(wire.asked) < asked and time.monotonic() < deadline:
        time.sleep(0.005)
    return len(wire.asked) >= asked


def test_next_page_is_asked_for_before_the_caller_wants_it_and_no_further_one() -> None:
    graph, wire = client(page(0), page(1), page(2, last=True))
    with graph:
        pages = graph.pages("things")
        assert next(pages) == [{"id": 0}]

        assert within(5, wire, asked=2)
        assert not within(0.1, wire, asked=3)
        assert [row["id"] for rest in pages for row in rest] == [1, 2]
    assert graph.usage.requests == 3


def test_failure_of_a_page_ahead_reaches_the_caller_as_its_own() -> None:
    graph, _wire = client(page(0), Answer(403, {"error": {"code": "Forbidden", "message": "no"}}))
    with graph:
        pages = graph.pages("things")
        next(pages)

        with pytest.raises(Forbidden):
            next(pages)


def test_lost_page_ahead_is_asked_for_again() -> None:
    graph, wire = client(page(0), NoAnswer("reset", sent=True), page(1, last=True))
    with graph:
        assert [row["id"] for rows in graph.pages("things") for row in rows] == [0, 1]
    assert wire.asked[1] == wire.asked[2]
    assert graph.usage.requests == 3


def test_unexpected_error_of_the_other_thread_is_not_swallowed() -> None:
    graph, _wire = client(page(0), RuntimeError("broken"))
    with graph, pytest.raises(RuntimeError, match="broken"):
        list(graph.pages("things"))


def test_circle_is_refused_before_it_is_followed() -> None:
    graph, wire = client(page(0), {"value": [], "@odata.nextLink": f"{URL}/v1.0/things?page=1"})
    with graph, pytest.raises(BadAnswer):
        list(graph.pages("things"))
    assert len(wire.asked) == 2


def test_circle_by_ever_new_links_ends() -> None:
    again = [{**page(0), "@odata.nextLink": f"{URL}/v1.0/things?page={number}"} for number in range(1, 9)]
    graph, wire = client(*again)
    with graph, pytest.raises(BadAnswer):
        list(graph.pages("things"))
    assert len(wire.asked) == 2


def test_empty_pages_end_at_last() -> None:
    empty = [{"value": [], "@odata.nextLink": f"{URL}/v1.0/things?page={number}"} for number in range(MOST_EMPTY + 2)]
    graph, _wire = client(*empty)
    with graph, pytest.raises(BadAnswer):
        list(graph.pages("things"))


def test_caller_that_stops_leaves_nothing_waiting() -> None:
    graph, wire = client(page(0), page(1), page(2, last=True))
    with graph:
        next(graph.pages("things"))
        assert within(5, wire, asked=2)
    assert len(wire.asked) == 2
