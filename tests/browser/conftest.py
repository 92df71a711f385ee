"""The whole demo as a user starts it, with 11,000 computers, and Chromium to walk through it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.ports import free_port
from tests.browser import steps
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
START_SECONDS = 240


@dataclass(frozen=True)
class Demo:
    """A running demo: `info` is its demo.json; `sandbox` posts to and reads the sandbox's own controls."""

    info: dict[str, Any]
    ca: Path

    @property
    def url(self) -> str:
        return str(self.info["url"])

    def account(self, username: str) -> dict[str, Any]:
        return next(account for account in self.info["accounts"] if account["username"] == username)

    def is_at_rest(self) -> bool:
        """Whether no change is on its way: the demo begins with a school's request that carries itself out."""
        changes = self.api("change-sets/?page_size=100")["results"]
        return all(change["status"] in ("applied", "rejected", "cancelled") for change in changes)

    def api(self, path: str) -> Any:
        """What the portal's API answers, with the demo's own token."""
        answer = requests.get(
            f"{self.info['api_url']}/{path}", headers={"Authorization": f"Bearer {self.info['api_token']}"}, timeout=30
        )
        answer.raise_for_status()
        return answer.json()

    def sandbox(self, path: str, body: Any = None, method: str = "") -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = requests.request(
            method, f"{self.info['graph_url']}/sandbox/{path}", json=body, verify=str(self.ca), timeout=120
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def running_demo(data_dir: Path, *options: str) -> Iterator[Demo]:
    """Started as a user starts it, with `options` of its command; it begins when no change is on its way."""
    data_dir.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "scripts.demo", "--port", str(free_port()), "--data-dir", str(data_dir), *options]
    with (data_dir / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        described = data_dir / "demo.json"
        eventually(
            lambda: described.exists() or process.poll() is not None, seconds=START_SECONDS, what="the demo to be ready"
        )
        assert described.exists(), (data_dir / "output").read_text()
        running = Demo(json.loads(described.read_text()), data_dir / "sandbox" / "ca.pem")
        eventually(running.is_at_rest, seconds=120, what="the demo's own change to be written")
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


def signed_in(page: Page, demo: Demo, username: str) -> Page:
    page.goto("/")
    page.locator("details:has(input[name=password]) > summary").click()
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(demo.account(username)["password"])
    page.locator("form:has(input[name=password]) button").click()
    page.wait_for_url(demo.url + "/")
    return page


@dataclass(frozen=True)
class Work:
    """Addresses of what people have under way: a draft revision, a change in each state that has a face, a roll-out."""

    draft: str
    proposed: str
    planned: str
    written: str
    rollout: str


@pytest.fixture(scope="session")
def work(chromium: Browser, demo: Demo) -> Iterator[Work]:
    pages = {name: chromium.new_context(base_url=demo.url).new_page() for name in ("anna", "bengt")}
    anna, bengt = (signed_in(page, demo, name) for name, page in pages.items())
    steps.start_draft(anna, "Visual Studio Code")
    written = steps.propose(anna, "Tekniken behöver det.")
    steps.work_out_the_preview(anna)
    steps.approve(bengt, written)
    steps.write_to_intune(anna, bengt, written)
    eventually(lambda: steps.is_written(anna), seconds=60, what="the change to be written")
    steps.start_draft(anna, "Autodesk Fusion")
    approved = steps.propose(anna, "CAD-kursen behöver det.")
    steps.work_out_the_preview(anna)
    steps.approve(bengt, approved)
    rollout = steps.plan_rollout(anna, approved)
    steps.start_draft(anna, "Audacity")
    planned = steps.propose(anna, "Musikämnet behöver det.")
    steps.work_out_the_preview(anna)
    steps.start_draft(anna, "GIMP")
    proposed = steps.propose(anna, "Bildämnet behöver det också.")
    draft = steps.start_draft(anna, "Arduino IDE")
    yield Work(*(address.removeprefix(demo.url) for address in (draft, proposed, planned, written, rollout)))
    for page in pages.values():
        page.context.close()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(chromium: Browser, demo: Demo) -> Iterator[SignIn]:
    """`sign_in("anna", **context options)` gives a page of a browser of its own, signed in."""
    contexts: list[BrowserContext] = []

    def open_as(username: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=demo.url, **options)
        contexts.append(context)
        return signed_in(context.new_page(), demo, username)

    yield open_as
    for context in contexts:
        context.close()
