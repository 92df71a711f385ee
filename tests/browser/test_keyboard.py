"""What the small scripts add: lists by keyboard, filters as one types, menus, colours."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]


def test_typing_narrows_the_list_and_the_address_and_keeps_the_focus(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto("/devices/")

    page.locator("#q").press_sequentially("GYRONN")

    expect(page).to_have_url(re.compile(r"[?&]q=GYRONN"))
    expect(page.locator("#list-count")).to_have_text(re.compile(r"^6\d\d "))
    expect(page.locator("#q")).to_be_focused()
    page.reload()
    expect(page.locator("#q")).to_have_value("GYRONN")


def test_arrows_walk_the_list_and_enter_opens_the_computer(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto("/devices/")
    links = page.locator("tbody th a")
    third = links.nth(2).get_attribute("href") or ""

    links.first.focus()
    for key in ("ArrowDown", "ArrowDown", "End", "Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(f"{third}$"))


def test_arrows_still_work_in_a_list_that_was_fetched_anew(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto("/devices/")
    with page.expect_response(re.compile(r"[?&]q=GYRONN")):
        page.locator("#q").press_sequentially("GYRONN")
    expect(page).to_have_url(re.compile(r"q=GYRONN"))

    page.locator("tbody th a").first.focus()
    page.keyboard.press("ArrowDown")

    expect(page.locator("tbody th a").nth(1)).to_be_focused()


def test_leaving_the_search_field_does_not_fetch_the_list_once_more(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto("/devices/")
    with page.expect_response(re.compile(r"[?&]q=GYRONN")):
        page.locator("#q").press_sequentially("GYRONN")
    expect(page.locator("#list-count")).to_have_text(re.compile(r"^6\d\d "))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.locator("tbody th a").first.focus()
    page.wait_for_timeout(500)

    assert asked == []
    expect(page.locator("tbody th a").first).to_be_focused()


def test_escape_closes_a_menu_and_returns_to_its_button(sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto("/devices/")
    page.locator("#columns > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#columns")).to_have_attribute("open", "")
    page.locator("#columns input").first.focus()

    page.keyboard.press("Escape")

    expect(page.locator("#columns")).not_to_have_attribute("open", "")
    expect(page.locator("#columns > summary")).to_be_focused()


def test_chosen_colours_stay_after_a_reload(sign_in: SignIn) -> None:
    page = sign_in("anna", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.locator("button[name=theme][value=dark]").click()
    page.reload()

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    expect(page.locator("button[name=theme][value=dark]")).to_have_attribute("aria-pressed", "true")


def test_the_first_tab_stop_skips_to_the_content(sign_in: SignIn) -> None:
    page = sign_in("anna")

    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


PHONE = {"viewport": {"width": 360, "height": 740}, "locale": "sv-SE"}
WISH, PURPOSE = "Krita", "Digitalt måleri i bild"


class Keys:
    """A person with a keyboard alone. What they fill in or set off is counted; walking with Tab is not."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def walk_to(self, target: Locator) -> None:
        expect(target).to_be_attached()
        for _step in range(80):
            if target.evaluate("element => element === document.activeElement"):
                expect(target).to_be_in_viewport()
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {target}")

    def enter(self, target: Locator) -> None:
        self.walk_to(target)
        self.count += 1
        self.page.keyboard.press("Enter")

    def type(self, target: Locator, text: str) -> None:
        self.walk_to(target)
        self.count += 1
        self.page.keyboard.type(text)


def test_a_request_takes_four_interactions_and_its_approval_two_by_keyboard_on_a_phone(sign_in: SignIn) -> None:
    filip = Keys(sign_in("filip", **PHONE))
    main = filip.page.locator("main")

    filip.enter(main.locator("a[href^='/requests/new/']").first)
    filip.page.wait_for_url(re.compile(r"/requests/new/"))
    filip.type(main.locator("input[name=what]"), WISH)
    filip.type(main.locator("textarea[name=purpose]"), PURPOSE)
    filip.enter(main.locator("form:has(textarea[name=purpose]) button.btn-primary"))

    filip.page.wait_for_url(re.compile(r"/requests/\d+/$"))
    expect(main).to_contain_text("Skickad")
    assert filip.count <= 4

    cecilia = Keys(sign_in("cecilia", **PHONE))
    main = cecilia.page.locator("main")
    cecilia.enter(main.locator(f"a[href='{urlsplit(filip.page.url).path}']").first)
    cecilia.page.wait_for_url(filip.page.url)
    cecilia.enter(main.locator("form[action$='/approve/'] button"))

    expect(main).to_contain_text("Godkänd")
    assert cecilia.count <= 2
    for page in (filip.page, cecilia.page):
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
