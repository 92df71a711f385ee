"""The virtual environment: made by the machine's Python, filled by uv, or by pip where uv cannot."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from scripts import ROOT, VENV
from scripts.steps import Step, StepFailed, digest_of, run_quietly

UV = "uv==0.13.9"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".stamps"


def python_step(*, dev: bool) -> Step:
    """Once the environment has the development packages it keeps them: they include all that the portal runs on."""
    runtime, development = (_packages_step(name) for name in ("requirements.txt", "requirements-dev.txt"))
    return development if dev or development.stamp.exists() else runtime


def tool_environment() -> dict[str, str]:
    """The caller's environment; where HOME cannot be written, uv and npm keep their caches in the project."""
    env = dict(os.environ)
    if not _can_write(Path(env.get("HOME") or "/nonexistent")):
        cache = ROOT / ".cache"
        env |= {"HOME": str(cache), "XDG_CACHE_HOME": str(cache), "npm_config_cache": str(cache / "npm")}
        env |= {"UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}
    return env


def _packages_step(requirements: str) -> Step:
    # The scripts in .venv/bin name their interpreter by its full path: a moved project needs a new environment.
    return Step(
        name=f"Python packages of {requirements}",
        stamp=STAMPS / requirements,
        digest=lambda: digest_of(str(ROOT), sys.version, ROOT / requirements),
        run=lambda: _install(ROOT / requirements),
    )


def _install(requirements: Path) -> None:
    _ensure_environment()
    env = tool_environment() | {
        "VIRTUAL_ENV": str(VENV),
        "UV_SYSTEM_CERTS": "true",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet"]
    try:
        run_quietly([*pip, UV], env)
        run_quietly([PYTHON, "-m", "uv", "pip", "sync", "--quiet", "--python", PYTHON, requirements], env)
    except StepFailed as reason:
        print(f"uv could not be used, pip takes over.\n{reason}", file=sys.stderr)
        run_quietly([*pip, "-r", requirements], env)


def _ensure_environment() -> None:
    if _works():
        return
    _require_venv_module()
    if VENV.exists():
        shutil.rmtree(VENV)
    run_quietly([sys.executable, "-m", "venv", VENV])


def _works() -> bool:
    """False also for an environment whose Python was upgraded away, that was moved, or whose making was broken off."""
    if not PYTHON.exists():
        return False
    check = "import pip, sys; raise SystemExit(not (sys.version_info >= (3, 11) and sys.prefix == sys.argv[1]))"
    return not subprocess.run([PYTHON, "-c", check, VENV], check=False, capture_output=True).returncode


def _require_venv_module() -> None:
    """Debian ships Python without ensurepip; its package is installed by root and named to anybody else."""
    if find_spec("ensurepip"):
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run_quietly(["apt-get", "update", "-q"])
        run_quietly(["apt-get", "install", "-q", "-y", package])
        return
    raise StepFailed(f"This Python cannot make virtual environments. Install it first: sudo apt install {package}")


def _can_write(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
