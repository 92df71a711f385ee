"""Pictures of every page of a running demo, as each role that has something to see there: `make screenshots`.

They go to DATA_DIR/screenshots: `<page>-<role>-<language>-<theme>-<width>.png`. Chromium comes from the machine.
"""

import argparse
import json
import os
import shutil
import sys
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from scripts.chromium import NAMES
from scripts.progress import console

WIDTHS: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
PAGES = {
    "anna": {
        "overview": "/",
        "devices": "/devices/",
        "schools": "/schools/",
        "applications": "/applications/",
        "baselines": "/baselines/",
        "changes": "/changes/",
        "sync": "/sync/",
        "audit": "/audit/",
        "account": "/account/",
        "api": "/api/",
    },
    "david": {"overview": "/", "devices": "/devices/", "changes": "/changes/", "schools": "/schools/"},
    "filip": {"overview": "/", "applications": "/applications/"},
}
FIRST_LINKS = {
    "device": ("/devices/", "a[href^='/devices/']"),
    "school": ("/schools/", "a[href^='/schools/']"),
    "application": ("/applications/", "a[href^='/applications/']"),
    "baseline": ("/baselines/", "a[href^='/baselines/']"),
    "revision": ("/baselines/", "a[href^='/revisions/']"),
    "change": ("/changes/", "a[href^='/changes/']"),
}


class Look(NamedTuple):
    """Who looks, and at which of the faces; the parts of a picture's name."""

    username: str
    language: str
    theme: str
    width: str


def main() -> None:
    options = _options()
    described = options.data_dir / "demo.json"
    if not described.exists():
        sys.exit(f"No demo runs on {options.data_dir}. Start it in another terminal first: make demo")
    demo = json.loads(described.read_text(encoding="utf-8"))
    folder = options.data_dir / "screenshots"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        for username, language, theme, width in product(PAGES, options.languages, options.themes, WIDTHS):
            take(browser, demo, folder, Look(username, language, theme, width))
        browser.close()
    console.print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def take(browser: Browser, demo: dict[str, Any], folder: Path, look: Look) -> None:
    """Every page of one person in one language, theme and width."""
    context = browser.new_context(
        base_url=demo["url"],
        viewport=WIDTHS[look.width],
        color_scheme="dark" if look.theme == "dark" else "light",
    )
    context.add_cookies([{"name": "django_language", "value": look.language, "url": demo["url"]}])
    page = context.new_page()
    sign_in(page, demo, look.username)
    for name, path in {**PAGES[look.username], **(found(page) if look.username == "anna" else {})}.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{'-'.join(look)}.png", full_page=True)
    context.close()


def sign_in(page: Page, demo: dict[str, Any], username: str) -> None:
    account = next(account for account in demo["accounts"] if account["username"] == username)
    page.goto("/login/")
    page.locator("details:has(input[name=password]) > summary").click()
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(account["password"])
    page.locator("form:has(input[name=password]) button").click()
    page.wait_for_url(demo["url"] + "/")


def found(page: Page) -> dict[str, str]:
    """The first page of each kind that is reached from a list."""
    paths = {}
    for name, (start, selector) in FIRST_LINKS.items():
        page.goto(start)
        links = page.locator("main").locator(selector)
        hrefs = [link.get_attribute("href") or "" for link in links.all()[:30]]
        inner = [href for href in hrefs if href.strip("/").count("/") >= 1 and "?" not in href]
        if inner:
            paths[name] = inner[0]
    return paths


def _chromium() -> str:
    return next(path for path in map(shutil.which, NAMES) if path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DATA_DIR") or ".demo")
    parser.add_argument("--languages", nargs="+", default=["sv", "en"])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
