"""Set-up: `python3 -m scripts.bootstrap [--dev] [--packages]`, with nothing but Python's standard library.

Makes .venv, node_modules, static/vendor, the message catalogues and staticfiles; what is up to date stays as it is.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from scripts import ROOT
from scripts.front_end import npm_step, vendor_step
from scripts.python_environment import PYTHON, python_step
from scripts.steps import Step, StepFailed, digest_of, one_set_up_at_a_time, run_quietly

# What the packages bring and no page of ours loads: compressing it would take most of the step's time.
UNUSED_STATIC_FILES = ["redoc", "rest_framework", "django_htmx"]


def messages_step() -> Step:
    return Step(
        name="Message catalogues",
        stamp=ROOT / "locale" / ".stamp",
        digest=lambda: digest_of(*sorted((ROOT / "locale").rglob("*.po"))),
        run=lambda: _run_python("-m", "scripts.messages", "compile"),
    )


def static_files_step() -> Step:
    return Step(
        name="Static files",
        stamp=ROOT / "staticfiles" / ".stamp",
        digest=lambda: digest_of(
            ROOT / "static", ROOT / "requirements.txt", ROOT / "config" / "settings.py", Path(__file__)
        ),
        run=_collect_static_files,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument(
        "--packages", action="store_true", help="only what is fetched: an image's layer that rarely changes"
    )
    options = parser.parse_args()

    started = time.monotonic()
    with one_set_up_at_a_time():
        steps = [python_step(dev=options.dev), npm_step(), vendor_step()]
        if not options.packages:
            steps += [messages_step(), static_files_step()]
        # Once one step ran, what it made may be an input of the next, so each is asked in its turn.
        for step in steps:
            if not step.is_current():
                step.make()
    print(f"Set-up is up to date ({time.monotonic() - started:.1f} s).", flush=True)


def _collect_static_files() -> None:
    ignored = [word for name in UNUSED_STATIC_FILES for word in ("--ignore", name)]
    _run_python("manage.py", "collectstatic", "--no-input", "--clear", *ignored)


def _run_python(*arguments: str) -> None:
    """Settings insist on an address of each service; nothing here connects to one."""
    nowhere = {"SECRET_KEY": "set-up", "DATABASE_URL": "postgres://nowhere/none", "REDIS_URL": "redis://nowhere/0"}
    run_quietly([PYTHON, *arguments], dict(os.environ) | nowhere)


if __name__ == "__main__":
    try:
        main()
    except StepFailed as failure:
        sys.exit(f"The set-up stopped. {failure}")
    except KeyboardInterrupt:
        sys.exit("The set-up was interrupted; run it again to go on from there.")
