"""One token for all: fetched once, whoever notices first that the old one is refused."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import pytest
import redis
from django.conf import settings as configured

from intune_sync import graph
from intune_sync.graph.client import GraphClient
from intune_sync.graph.identities import registration
from intune_sync.graph.token_shelf import TokenShelf
from intune_sync.graph.tokens import Registration, TokenSource
from intune_sync.graph.transport import Transport
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PROCESSES = 4


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that this process has got from the sign-in service, which is really asked."""
    got: list[str] = []
    acquired = TokenSource._acquired

    def counted(source: TokenSource) -> tuple[str, float]:
        answer = acquired(source)
        got.append(answer[0])
        return answer

    monkeypatch.setattr(TokenSource, "_acquired", counted)
    return got


def source(registered: Registration) -> TokenSource:
    """As another process would have it: nothing shared but Redis."""
    return TokenSource(registered, TokenShelf(configured.REDIS_URL, repr(registered)))


def test_threads_that_meet_the_same_refusal_fetch_one_token(sandbox: SandboxProcess, fetched: list[str]) -> None:
    shared = source(registration("reader"))
    old = shared.token()
    fetched.clear()

    def renew() -> None:
        shared.forget(old)
        assert shared.token() != old

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fetched) == 1


def test_a_refused_token_is_renewed_though_another_refused_one_lies_on_the_shelf(sandbox: SandboxProcess) -> None:
    mine, others = source(registration("reader")), source(registration("reader"))
    first = mine.token()
    others.forget(others.token())
    second = others.token()
    sandbox.post("/sandbox/faults", {"kind": "expire_tokens", "count": 1})

    with GraphClient(configured.GRAPH_URL, mine, Transport(configured.GRAPH_CA_BUNDLE)) as client:
        assert client.get("organization")["value"]
    assert mine.token() not in (first, second)


def renew_in_a_process(registered: Registration, old: str, together: Any, answers: Any) -> None:
    mine = source(registered)
    mine.forget(mine.token())
    mine._refused.append(old)
    together.wait()
    answers.put(mine.token())


def test_processes_that_meet_the_same_refusal_fetch_one_token(sandbox: SandboxProcess) -> None:
    registered = registration("reader")
    old = source(registered).token()
    together, answers = multiprocessing.Barrier(PROCESSES), multiprocessing.Queue()

    arguments = (registered, old, together, answers)
    workers = [multiprocessing.Process(target=renew_in_a_process, args=arguments) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    got = {answers.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join(10)

    assert len(got) == 1
    assert old not in got


def test_the_token_lies_in_redis_only_as_cipher(sandbox: SandboxProcess) -> None:
    token = source(registration("reader")).token()

    kept = redis.Redis.from_url(configured.REDIS_URL)
    values = [kept.get(key) or b"" for key in kept.scan_iter("graph:token:*") if not key.endswith(b":turn")]

    assert values
    assert not any(token.encode() in value for value in values)


def test_without_redis_a_process_fetches_its_own(sandbox: SandboxProcess) -> None:
    registered = registration("reader")

    assert TokenSource(registered, TokenShelf("redis://127.0.0.1:1/0", "x")).token()


def test_each_identity_has_its_own_registration_or_the_common_one(sandbox: SandboxProcess, settings: Any) -> None:
    own = sandbox.registrations["destructive"]
    settings.GRAPH_IDENTITIES = settings.GRAPH_IDENTITIES | {
        "destructive": {**own_parts(own), "client_certificate": ""}
    }

    assert registration("destructive").client_id == own["client_id"]
    assert registration("destructive").secret == own["client_secret"]
    assert registration("reader").client_id == registration("writer").client_id == settings.CLIENT_ID


def test_a_call_of_an_identity_carries_that_identitys_permissions(sandbox: SandboxProcess, settings: Any) -> None:
    own = sandbox.registrations["destructive"]
    settings.GRAPH_IDENTITIES = settings.GRAPH_IDENTITIES | {
        "destructive": {**own_parts(own), "client_certificate": ""}
    }

    with graph.client("destructive") as client, pytest.raises(graph.Forbidden):
        client.get("deviceAppManagement/mobileApps", version="beta")


def own_parts(known: dict[str, str]) -> dict[str, str]:
    return {"client_id": known["client_id"], "client_secret": known["client_secret"]}
