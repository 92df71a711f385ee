"""Beta is used on purpose: one module says where and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import intune_sync
from intune_sync import runs
from intune_sync.graph import beta
from tests.sandbox_process import SandboxProcess

HERE = Path(intune_sync.__file__).parent
OURS = [path for path in HERE.rglob("*.py") if "sandbox" not in path.parts and path.name != "beta.py"]


def test_no_other_module_names_the_version() -> None:
    naming = [path.name for path in OURS if re.search(r"""["'/]beta["'/]""", path.read_text())]

    assert len(OURS) > 100
    assert naming == []


@pytest.mark.django_db
@pytest.mark.parametrize("resource", ["apps", "autopilot"])
def test_every_call_to_beta_that_the_mirror_makes_has_its_reason(
    sandbox: SandboxProcess, organisation: object, resource: str
) -> None:
    start = sandbox.get("/sandbox/state")["requests"]

    runs.run(runs.request_runs([resource], "command")[0].pk)

    made = {called(call) for call in sandbox.get(f"/sandbox/ledger?since={start}") if "/beta/" in call["path"]}
    assert made - {"POST $batch"} <= beta.CALLS.keys()


def called(call: dict[str, str]) -> str:
    path = call["path"].partition("?")[0].partition("/beta/")[2]
    return f"{call['method']} {re.sub(r'[0-9a-f-]{36}', '{id}', path)}"
