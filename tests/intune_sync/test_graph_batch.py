"""Twenty calls in one: each with its own outcome, its own ids, and its own cost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from intune_sync import graph
from intune_sync.graph import AnswerLost, BatchRequest, DependencyFailed, GraphUnavailable, NotFound, Throttled
from intune_sync.graph.budget import budget_of
from intune_sync.graph.identities import registration
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-00000000beef"


def delete(name: str, **more: Any) -> BatchRequest:
    return BatchRequest(name, "DELETE", f"/groups/{NOBODY}", **more)


def test_ids_that_differ_in_case_alone_are_one_to_graph(sandbox: SandboxProcess) -> None:
    with graph.client() as client, pytest.raises(ValueError, match="same id"):
        client.batch([delete("a"), delete("A")])


def test_each_call_has_ids_of_its_own(sandbox: SandboxProcess) -> None:
    with graph.client() as client:
        answers = client.batch([delete("a"), delete("b")])

    ids = {answer.client_request_id for answer in answers.values()}
    assert len({UUID(each) for each in ids}) == 2
    assert all(answer.error and answer.error.client_request_id in ids for answer in answers.values())


def test_a_call_whose_parent_failed_says_so(sandbox: SandboxProcess) -> None:
    with graph.client() as client:
        answers = client.batch([delete("first"), delete("second", depends_on=("first",))])

    assert isinstance(answers["first"].error, NotFound)
    assert isinstance(answers["second"].error, DependencyFailed)


def test_a_batch_without_an_answer_leaves_its_writes_in_doubt_and_its_reads_undone(sandbox: SandboxProcess) -> None:
    sandbox.post("/sandbox/faults", {"kind": "drop_after", "match": {"path_contains": "$batch"}, "count": 4})

    with graph.client() as client:
        answers = client.batch([delete("write"), BatchRequest("read", "GET", "/groups")])

    assert isinstance(answers["write"].error, AnswerLost)
    assert isinstance(answers["read"].error, GraphUnavailable) or answers["read"].error is None


def test_each_write_of_a_batch_is_charged(sandbox: SandboxProcess) -> None:
    with graph.client() as client:
        client.batch([delete(str(number)) for number in range(7)])

    spent = {
        (each.service, each.kind): each.spent for each in budget_of(registration("reader").client_id).spending() or []
    }
    assert spent["entra", "write"] == 7


def test_a_refused_batch_holds_the_services_of_its_calls(sandbox: SandboxProcess) -> None:
    rule = {"kind": "throttle", "retry_after": 30, "match": {"path_contains": "$batch"}}
    sandbox.post("/sandbox/faults", rule)

    with graph.client() as client, pytest.raises(Throttled):
        client.batch([delete("a")])

    held = {each.service for each in budget_of(registration("reader").client_id).spending() or [] if each.held_seconds}
    assert held == {"entra"}
