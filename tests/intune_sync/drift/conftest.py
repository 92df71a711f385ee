"""A sandbox of its own for each test: what is deleted in it cannot be put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.intune_sync.conftest import point_settings_at
from tests.intune_sync.drift.foreign import Portal
from tests.pushing import Tenant, Town, look_at
from tests.sandbox_process import SandboxProcess, start_sandbox


@pytest.fixture
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("drift"), devices=60)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def tenant(push_sandbox: SandboxProcess, settings: Any) -> Tenant:
    point_settings_at(push_sandbox, settings)
    return look_at(push_sandbox)


@pytest.fixture
def portal(town: Town) -> Portal:
    """The town's portal, which has read everything and seen what there was to see."""
    portal = Portal(town)
    portal.begin()
    return portal
