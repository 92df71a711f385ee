"""Plants each bug in a copy of the checkout, runs the test that has to catch it, and prints how many were caught.

A test that breaks for another reason than an assertion has caught nothing. First all of them pass in an unplanted copy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scripts.leftovers import owned_temporary_folder, sweep_temporary_folders
from scripts.services import start_postgres, start_redis
from scripts.storage import remove_storage
from tests.chaos.bugs.planted import BUGS, Bug
from tests.chaos.report import put_between_marks

NAME = "make chaos-bugs"
REPOSITORY = Path(__file__).resolve().parents[3]
LEFT_OUT = (".git", ".venv", "node_modules", "staticfiles", ".demo", ".*_cache", ".hypothesis", ".ci")
"""Compiled modules come along, and none is written: what is planted is compiled anew."""
ASSERTION = ("AssertionError", "assert ", "Failed")
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Result:
    passed: int
    asserted: list[str]
    """Messages of tests that failed by an assertion."""
    broken: list[str]
    """Of those that failed otherwise, or did not run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every bug is caught."""
    asked = _asked(arguments)
    chosen = [bug for bug in BUGS if not asked.only or bug.name in asked.only]
    with _own_folder() as folder, _servers(folder) as addresses:
        checkout = _copied(folder / "checkout")
        nodes = sorted({bug.caught_by for bug in chosen})
        result = _run(checkout, nodes, addresses, "--create-db")
        if result.passed != len(nodes):
            print("Without a bug not every test passes:", *result.asserted, *result.broken, sep="\n  ")
            return 1
        caught = {bug: _is_caught(bug, checkout, addresses) for bug in chosen}
    said = f"{sum(caught.values())} of {len(caught)} caught"
    print(said)
    if asked.write:
        put_between_marks(asked.write, NAME, f"{said}:\n\n{table(caught)}")
    return int(not all(caught.values()))


def table(caught: Mapping[Bug, bool]) -> str:
    """As Markdown."""
    lines = ["| Bug | Caught by | |", "|---|---|---|"]
    for bug, is_caught in caught.items():
        module, _colons, test = bug.caught_by.partition("::")
        by = f"`{Path(module).stem}`: {test.partition('[')[0].removeprefix('test_').replace('_', ' ')}"
        lines.append(f"| {bug.sentence} | {by} | {'caught' if is_caught else '**not caught**'} |")
    return "\n".join(lines)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.bugs", description=__doc__)
    parser.add_argument("--only", action="append", choices=[bug.name for bug in BUGS], help="this bug; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between its marks")
    return parser.parse_args(arguments)


def _is_caught(bug: Bug, checkout: Path, addresses: dict[str, str]) -> bool:
    started = time.monotonic()
    with bug.planted(checkout):
        result = _run(checkout, [bug.caught_by], addresses)
    is_caught = bool(result.asserted) and not result.broken and not result.passed
    said = "caught" if is_caught else "NOT CAUGHT"
    print(f"{said:<10} {bug.name:<32} {time.monotonic() - started:5.1f} s  {bug.caught_by.partition('::')[2]}")
    for line in result.broken if not is_caught else []:
        print(f"           {line}")
    sys.stdout.flush()
    return is_caught


def _copied(to: Path) -> Path:
    shutil.copytree(REPOSITORY, to, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    return to


def _run(checkout: Path, nodes: Sequence[str], addresses: dict[str, str], *more: str) -> Result:
    """The servers and the test database are kept from run to run."""
    report = checkout / "junit.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-p", "no:cacheprovider", "--reuse-db", f"--junitxml={report}", *more]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *nodes],
        cwd=checkout,
        env={**os.environ, **addresses, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if not report.exists():
        return Result(0, [], [ran.stdout[-2000:], ran.stderr[-2000:]])
    return _judged(ElementTree.parse(report).getroot())


def _judged(root: ElementTree.Element) -> Result:
    cases = list(root.iter("testcase"))
    failures = [failure for case in cases for failure in case.findall("failure")]
    errors = [error.get("message", "") for case in cases for error in case.findall("error")]
    asserted = [each.get("message", "") for each in failures if each.get("message", "").startswith(ASSERTION)]
    otherwise = [each.get("message", "") for each in failures if not each.get("message", "").startswith(ASSERTION)]
    passed = sum(not list(case.iterfind("*[@message]")) for case in cases)
    return Result(passed, asserted, errors + otherwise)


@contextmanager
def _own_folder() -> Iterator[Path]:
    """What a killed run left behind is removed by the next."""
    sweep_temporary_folders("planted")
    folder, lock = owned_temporary_folder("planted")
    yield folder
    lock.close()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, str]]:
    postgres = start_postgres(folder / "postgres", durable=False)
    redis = start_redis(folder / "redis", durable=False)
    try:
        yield {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
    finally:
        postgres.stop()
        redis.stop()
        remove_storage(folder / "postgres")


if __name__ == "__main__":
    sys.exit(main())
