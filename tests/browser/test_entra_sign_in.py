"""Signing in by the school account: the portal's page, the sandbox's as Entra, and back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo
from tests.browser.test_accessibility import faults

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]


def stranger(chromium: Browser, demo: Demo, **options: Any) -> Page:
    """A browser that was told to accept the sandbox's certificate, as somebody who tries the demo does."""
    return chromium.new_context(base_url=demo.url, ignore_https_errors=True, **options).new_page()


def test_a_school_account_leads_in_and_out_again(demo: Demo, chromium: Browser) -> None:
    page = stranger(chromium, demo)
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)

    page.goto("/devices/")
    page.get_by_role("link", name="Logga in med skolkontot").click()
    page.get_by_role("button", name="Ingrid Åkerlund").click()
    page.wait_for_url(f"{demo.url}/devices/")
    expect(page.locator(".shell-name")).to_have_text("Ingrid Åkerlund")
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("It-administratör (hela kommunen)")
    page.locator("button.shell-out").click()
    page.wait_for_url(f"{demo.url}/login/")
    page.goto("/devices/")

    assert page.url == f"{demo.url}/login/?next=/devices/"
    assert blocked == []
    page.context.close()


def test_somebody_without_a_role_is_told_so_in_swedish(demo: Demo, chromium: Browser) -> None:
    page = stranger(chromium, demo)

    page.goto("/login/")
    page.get_by_role("link", name="Logga in med skolkontot").click()
    page.get_by_role("button", name="Olle Utan Roll").click()

    page.wait_for_url(f"{demo.url}/login/")
    expect(page.get_by_role("alert")).to_contain_text("har ingen roll i Terminsklar")
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_with_all_it_can_show(demo: Demo, chromium: Browser, theme: str, width: int) -> None:
    page = stranger(chromium, demo, color_scheme=theme, viewport={"width": width, "height": 740})
    page.goto("/login/entra/return/?code=x&state=y")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_text("Logga in med ett lokalt konto").click()
    expect(page.locator("input[name=password]")).to_be_visible()

    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.context.close()
