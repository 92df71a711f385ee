"""Tokens expire in the middle of an apply, and Graph's clock is not the portal's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos import midway
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.test_apply_survives import APPS
from tests.pushing import Town
from tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

HOUR = 3600
WORKING_AT_ONCE = 4
"""Processes of two pools that may be using the same token when it expires."""


@pytest.fixture(scope="module")
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Its own, because its clock is turned on."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("tokens"), devices=200)
    yield sandbox
    sandbox.stop()


def tokens_are_refused(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/faults", {"kind": "expire_tokens"})


def an_hour_passes(town: Town) -> None:
    """At Microsoft alone: by the portal's clock the tokens are good."""
    town.tenant.sandbox.advance(HOUR)


@pytest.mark.parametrize("when", [pytest.param((2, 5, 8)), pytest.param(range(1, 11), marks=pytest.mark.full_only)])
@pytest.mark.parametrize("expire", [tokens_are_refused, pytest.param(an_hour_passes, marks=pytest.mark.full_only)])
def test_tokens_expire(expire, when, town: Town, workers: Workers):
    approved = midway.begun(town, workers, writes=1)

    for writes in when:
        wait_until(lambda writes=writes: len(town.tenant.writes()) >= writes, midway.LONG_SECONDS, workers)
        expire(town)
    midway.ended(workers)

    writes = town.tenant.writes()
    assert wrongs(town.tenant, approved) == []
    assert len([call for call in writes if call["executed"]]) == len(APPS)
    refused = [call for call in town.tenant.calls() if call["status"] == 401]
    assert refused
    assert len(refused) <= WORKING_AT_ONCE * len(when)
