import re
import subprocess

from scripts import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def test_help_lists_every_target() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert targets

    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    described = re.findall(r"^  make ([a-z-]+) +\S", printed, re.MULTILINE)
    assert described == targets.group(1).split()


def test_every_module_that_make_runs_exists() -> None:
    modules = re.findall(r"-m scripts\.(\w+)", MAKEFILE)

    assert [module for module in modules if not (ROOT / "scripts" / f"{module}.py").exists()] == []


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o100
    assert script.read_text().rstrip().endswith("exec make test")
