"""Chromium for the browser tests: by apt as root, by a clear message to anybody else."""

import os
import shutil
import sys

from scripts.steps import StepFailed, run_quietly

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    if any(shutil.which(name) for name in NAMES):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("The tests drive Chromium, and there is none. Install it first: sudo apt install chromium")
    print("  Chromium by apt …", flush=True)
    try:
        run_quietly(["apt-get", "update", "-q"])
        run_quietly(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"])
    except StepFailed as failure:
        sys.exit(f"Chromium could not be installed. {failure}")


if __name__ == "__main__":
    main()
