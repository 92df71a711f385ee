"""The job that matters, from a decision to the computers, as its people do it in Chromium on 11,000 computers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo, SignIn
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

APP = "GeoGebra Klassisk 6"
CONTAINER = "Gymnasieskola"
SCHOOL = "Rönnskolan"


def number(text: str) -> int:
    """The first number of a Swedish text, where thousands stand apart."""
    return int(re.sub(r"\D", "", re.search(r"\d[\d\s\xa0]*", text).group()))  # type: ignore[union-attr]


def assignments_by_app(demo: Demo) -> dict[str, list[dict[str, Any]]]:
    return demo.sandbox("assignments")  # type: ignore[no-any-return]


def draft_with_the_app(page: Page) -> None:
    page.goto("/baselines/")
    page.locator("main a[href^='/baselines/']").first.click()
    page.locator("form[action$='/draft/'] button").click()
    page.locator("main a[href$='/entries/']").first.click()
    page.locator("select[name=container]").select_option(label=CONTAINER)
    page.locator("select[name=application]").select_option(label=APP)
    page.locator("select[name=decision]").select_option("required")
    page.locator("form:has(select[name=application]) button").click()


def preview_the_change(page: Page) -> str:
    """Propose the draft, work out the preview; the change's address."""
    page.locator("form[action$='/propose/'] textarea").fill("Matematikämnet behöver det från och med mars.")
    page.locator("form[action$='/propose/'] button").click()
    page.wait_for_url(re.compile(r"/changes/\d+/$"))
    if not page.locator("#schools").count():
        page.locator("form[action$='/plan/'] button").click()
    expect(page.locator("#schools")).to_be_visible()
    return page.url


def test_an_app_goes_from_decision_to_computers(demo: Demo, sign_in: SignIn) -> None:
    before = assignments_by_app(demo)
    anna, bengt, david = sign_in("anna"), sign_in("bengt"), sign_in("david")

    # The fleet as Intune reports it, and the app in the active baseline of the upper-secondary schools.
    anna.goto("/devices/")
    assert number(anna.locator("#list-count").inner_text()) > 10_900
    draft_with_the_app(anna)

    # The preview names schools, computers and calls; nothing is written yet, and Anna cannot approve her own request.
    change = preview_the_change(anna)
    main = anna.locator("main")
    expect(main).to_contain_text(APP)
    concerned = number(anna.locator(".figure-value").first.inner_text())
    assert concerned > 4_000
    expect(main).to_contain_text("deviceAppManagement/mobileApps/")
    expect(main.locator("table").filter(has_text=SCHOOL)).to_be_visible()
    expect(anna.locator("form[action$='/approve/']")).to_have_count(0)
    assert assignments_by_app(demo) == before

    # A colleague approves, and the workers write.
    bengt.goto(change)
    bengt.locator("form[action$='/approve/'] button").click()
    anna.goto(change)
    anna.locator("form[action$='/apply/'] button").click()
    expect(anna.locator("#progress")).to_contain_text("bekräfta", timeout=60_000)
    eventually(lambda: written(anna), seconds=60, what="every assignment to be confirmed")

    after = assignments_by_app(demo)
    changed = [app for app in after if after[app] != before[app]]
    assert 1 <= len(changed) <= 2  # Windows, and the Mac's own app object
    for app in changed:
        assert [
            entry for entry in before[app] if entry not in after[app]
        ] == []  # what others had assigned is untouched
        assert [entry["intent"] for entry in after[app] if entry not in before[app]] == ["required"]

    # Computers install one after another; the page that is open follows by itself.
    first = eventually(lambda: installed(anna), seconds=150, what="the first computers to report")
    demo.sandbox("clock", {"advance_seconds": 6 * 3600})
    eventually(lambda: installed(anna) > first, seconds=150, what="more computers to report")

    # Any one of them tells why it has the app and when it came.
    anna.goto(f"{change}computers/?status=installed")
    anna.locator("tbody a[href^='/devices/']").first.click()
    row = anna.locator("main").locator("tr, li, article, section").filter(has_text=APP)
    expect(row.first).to_be_visible()
    expect(anna.locator("main")).to_contain_text(CONTAINER)

    # The school's own IT person sees the school's share of it, and no other school.
    david.goto(change)
    share = number(david.locator("#converging").inner_text().split("av")[1])
    assert 0 < share < concerned
    expect(david.locator("main")).to_contain_text(SCHOOL)
    expect(david.locator("main")).not_to_contain_text("Ekestads tekniska gymnasium")
    expect(david.locator("main")).not_to_contain_text("deviceAppManagement")


def written(page: Page) -> bool:
    progress = page.locator("#progress progress").first
    return progress.get_attribute("value") == progress.get_attribute("max")


def installed(page: Page) -> int:
    """Computers done, as the open page says now without being loaded anew."""
    return number(page.locator("#converging").inner_text())
