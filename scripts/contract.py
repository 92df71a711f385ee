"""Drive the Graph sandbox with Microsoft's own SDK: `make contract`. The SDK has an environment of its own, 472 MB."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts import ROOT
from scripts.children import ChildFailed, start_child, stop_children
from scripts.commands import command
from scripts.demo_environment import base_environment
from scripts.graph_sandbox import wait_for_sandbox
from scripts.python_environment import PYTHON, tool_environment
from scripts.steps import Step, StepFailed, digest_of, run_quietly

SDK = "msgraph-sdk==1.65.0"
ENVIRONMENT = ROOT / ".cache" / "contract"
DEVICES = 1_500  # more than a page


def sdk_step() -> Step:
    return Step(
        name=f"{SDK} in {ENVIRONMENT.relative_to(ROOT)}",
        stamp=ENVIRONMENT / ".stamp",
        digest=lambda: digest_of(SDK, sys.version, str(ROOT)),
        run=_install,
    )


def _install() -> None:
    env = tool_environment() | {"UV_SYSTEM_CERTS": "true"}
    run_quietly([PYTHON, "-m", "uv", "venv", "--quiet", "--clear", "--python", PYTHON, ENVIRONMENT], env)
    python = ENVIRONMENT / "bin" / "python"
    run_quietly([PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", python, SDK], env)


def drive() -> int:
    """Start a sandbox of its own, run the client against it, and return the client's status."""
    with TemporaryDirectory(prefix="terminsklar-contract-") as name:
        folder = Path(name)
        state = {"SANDBOX_STATE_DIR": str(folder), "SANDBOX_DEVICES": str(DEVICES), "SANDBOX_THROTTLE": "off"}
        # Reports are made and installs go on at a pace that nobody has to wait for.
        env = base_environment(folder) | state | {"SANDBOX_PACE": "240"}
        sandbox = start_child("sandbox", command("sandbox"), env, folder)
        try:
            graph = wait_for_sandbox(sandbox, folder, seconds=60) | {"ca": str(folder / "ca.pem")}
            client = [ENVIRONMENT / "bin" / "python", ROOT / "scripts" / "contract_client.py"]
            return subprocess.run(client, input=json.dumps(graph), text=True, check=False).returncode
        finally:
            stop_children([sandbox], patience_seconds=4)


def main() -> None:
    try:
        if not sdk_step().is_current():
            sdk_step().make()
        sys.exit(drive())
    except (ChildFailed, StepFailed) as failure:
        sys.exit(f"The contract could not be checked. {failure}")


if __name__ == "__main__":
    main()
