"""Pictures of every page of a running demo, as each role that has something to see there: `make screenshots`.

They go to DATA_DIR/screenshots: `<page>-<role>-<language>-<theme>-<width>.png`. Chromium comes from the machine.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import NAMES
from scripts.progress import console

WIDTHS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
PAGES = {
    "anna": {
        "overview": "/",
        "devices": "/devices/",
        "schools": "/schools/",
        "applications": "/applications/",
        "baselines": "/baselines/",
        "changes": "/change-sets/",
        "sync": "/sync/",
        "audit": "/audit/",
        "account": "/account/",
        "api": "/api/",
    },
    "david": {"overview": "/", "devices": "/devices/", "changes": "/change-sets/", "schools": "/schools/"},
    "filip": {"overview": "/", "applications": "/applications/"},
}
FIRST_LINKS = {
    "device": ("/devices/", "a[href^='/devices/']"),
    "school": ("/schools/", "a[href^='/schools/']"),
    "application": ("/applications/", "a[href^='/applications/']"),
    "baseline": ("/baselines/", "a[href^='/baselines/']"),
    "revision": ("/baselines/", "a[href^='/revisions/']"),
    "change": ("/change-sets/", "a[href^='/change-sets/']"),
}


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
        for username, pages in PAGES.items():
            for language in options.languages:
                for theme in options.themes:
                    for name, size in WIDTHS.items():
                        take(browser, demo, username, pages, folder, language, theme, name, size)
        browser.close()
    console.print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def take(
    browser: Browser,
    demo: dict[str, Any],
    username: str,
    pages: dict[str, str],
    folder: Path,
    language: str,
    theme: str,
    width: str,
    size: Any,
) -> None:
    """Every page of one person in one language, theme and width."""
    context = browser.new_context(
        base_url=demo["url"], viewport=size, color_scheme="dark" if theme == "dark" else "light"
    )
    context.add_cookies([{"name": "django_language", "value": language, "url": demo["url"]}])
    page = context.new_page()
    sign_in(page, demo, username)
    for name, path in {**pages, **(found(page) if username == "anna" else {})}.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{username}-{language}-{theme}-{width}.png", full_page=True)
    context.close()


def sign_in(page: Page, demo: dict[str, Any], username: str) -> None:
    account = next(account for account in demo["accounts"] if account["username"] == username)
    page.goto("/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(account["password"])
    page.locator("main form button[type=submit]").click()
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
