"""The table that `make chaos` makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.report import Family, put_between_marks, table

MODULE = "tests/chaos/test_proxy.py"


def phase(when: str, outcome: str = "passed", **properties: float) -> pytest.TestReport:
    told: Any = list(properties.items())
    return pytest.TestReport(f"{MODULE}::test", (MODULE, 1, "test"), {}, outcome, None, when, user_properties=told)


def family(*phases: pytest.TestReport) -> Family:
    made = Family()
    for each in phases:
        made.take(each)
    return made


def test_the_worst_of_each_figure_is_shown():
    made = family(phase("call", recovery_seconds=3.5), phase("call", recovery_seconds=61), phase("teardown"))

    assert "| 2 | 2 | 61 s | – |" in table({MODULE: made})


def test_a_fixture_that_fails_is_a_run_that_did_not_pass():
    made = family(phase("setup", "failed"), phase("setup"), phase("call"), phase("teardown", "failed"))

    assert (made.runs, made.passed) == (2, 0)


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path):
    document = tmp_path / "a.md"
    document.write_text("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")

    put_between_marks(document, "x", "new \\1")

    assert document.read_text() == "before\n<!-- x: begin -->\n\nnew \\1\n\n<!-- x: end -->\nafter\n"
    with pytest.raises(ValueError, match="no marks"):
        put_between_marks(document, "y", "new")
