"""Loaded by `make chaos` with `-p`: a table of the families, printed and, with `--write-table`, put into a document.

A family is a module; it is named by the first line of its docstring. Runs may record the properties
`recovery_seconds` and `requests_over_ideal`; the worst of each is shown.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAME = "make chaos"
FOLDER = "tests/chaos/test_"
TOOLS = frozenset({"tests/chaos/test_proxy.py", "tests/chaos/test_report.py"})
MEASURED = ("recovery_seconds", "requests_over_ideal")


@dataclass
class Family:
    runs: int = 0
    passed: int = 0
    measured: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MEASURED})

    def take(self, report: pytest.TestReport) -> None:
        """One phase of a run: its call, or a fixture that failed."""
        if report.when == "call" or (report.when == "setup" and report.failed):
            self.runs += 1
            self.passed += report.passed
        if report.when == "teardown" and report.failed:
            self.passed -= 1
        if report.when == "call":
            for name, value in report.user_properties:
                if name in self.measured:
                    self.measured[name].append(float(str(value)))

    def worst(self, name: str, unit: str = "") -> str:
        return f"{max(self.measured[name]):g}{unit}" if self.measured[name] else "–"


def table(families: Mapping[str, Family]) -> str:
    """As Markdown. `families` by the path of their module."""
    lines = [
        "| Family | Runs | Passed | Slowest recovery | Requests ÷ ideal |",
        "|---|---:|---:|---:|---:|",
    ]
    for module, family in sorted(families.items()):
        recovery, requests = family.worst("recovery_seconds", " s"), family.worst("requests_over_ideal")
        lines.append(f"| {title(Path(module))} | {family.runs} | {family.passed} | {recovery} | {requests} |")
    runs, passed = (sum(getattr(each, name) for each in families.values()) for name in ("runs", "passed"))
    return "\n".join([*lines, f"| **All** | **{runs}** | **{passed}** | | |"])


def title(module: Path) -> str:
    said = (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or module.stem).splitlines()[0]
    return f"{said.rstrip('.')} (`{module.stem}`)"


def put_between_marks(document: Path, name: str, text: str) -> None:
    """Raises ValueError when the document has no such marks."""
    before = document.read_text(encoding="utf-8")
    start, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    after, found = pattern.subn(lambda _match: f"{start}\n\n{text}\n\n{end}", before)
    if found != 1:
        raise ValueError(f"{document} has no marks of {name}")
    document.write_text(after, encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", type=Path, metavar="FILE", help="put the table of families between its marks")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # xdist's workers tell the process that started them
        config.pluginmanager.register(_Table(config), "table-of-families")


class _Table:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._families: dict[str, Family] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        module = report.nodeid.partition("::")[0]
        if module.startswith(FOLDER) and module not in TOOLS:
            self._families.setdefault(module, Family()).take(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._families:
            return
        text = f"{self._conditions()}\n\n{table(self._families)}"
        terminalreporter.write_line(f"\n{text}\n")
        if file := self._config.getoption("write_table"):
            put_between_marks(file, NAME, text)

    def _conditions(self) -> str:
        level = self._config.getoption("chaos")
        return f"`make chaos` (`--chaos={level}`), {os.cpu_count()} cores, a municipality of 200 computers:"
