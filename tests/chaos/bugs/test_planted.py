"""The list of bugs, kept true while the engine changes."""

from __future__ import annotations

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.chaos.bugs.__main__ import REPOSITORY, _judged
from tests.chaos.bugs.planted import BUGS, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_can_be_planted_and_leaves_python(bug: Bug):
    planted = bug.planted_in((REPOSITORY / bug.file).read_text(encoding="utf-8"))

    assert ast.parse(planted)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_names_a_test_that_is_there(bug: Bug):
    module, _colons, node = bug.caught_by.partition("::")
    tree = ast.parse(Path(REPOSITORY, module).read_text(encoding="utf-8"))

    assert node.partition("[")[0] in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_there_are_twenty_different_ones():
    assert len({bug.name for bug in BUGS}) == len({bug.old for bug in BUGS}) == len(BUGS) == 20


def test_only_an_assertion_counts_as_caught():
    report = """<testsuites><testsuite>
      <testcase name="a"><failure message="AssertionError: assert 1 == 2" /></testcase>
      <testcase name="b"><failure message="ImportError: no module" /></testcase>
      <testcase name="c"><error message="failed on setup" /></testcase>
      <testcase name="d" /></testsuite></testsuites>"""

    result = _judged(ElementTree.fromstring(report))

    assert (len(result.asserted), len(result.broken), result.passed) == (1, 2, 1)
