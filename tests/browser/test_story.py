"""The job that matters, from a decision to the computers, as its people do it in Chromium on 11,000 computers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo, SignIn
from tests.browser.steps import (
    CONTAINER,
    approve,
    is_written,
    propose,
    start_draft,
    work_out_the_preview,
    write_to_intune,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

APP = "GeoGebra Klassisk 6"
SCHOOL = "Rönnskolan"


def number(text: str) -> int:
    """The first number of a Swedish text, where thousands stand apart."""
    return int(re.sub(r"\D", "", re.search(r"\d[\d\s\xa0]*", text).group()))  # type: ignore[union-attr]


def assignments_by_app(demo: Demo) -> dict[str, list[dict[str, Any]]]:
    return demo.sandbox("assignments")  # type: ignore[no-any-return]


def test_an_app_goes_from_decision_to_computers(demo: Demo, sign_in: SignIn) -> None:
    before = assignments_by_app(demo)
    anna, bengt, david = sign_in("anna"), sign_in("bengt"), sign_in("david")

    # The fleet as Intune reports it, and the app in the active baseline of the upper-secondary schools.
    anna.goto("/devices/")
    assert number(anna.locator("#list-count").inner_text()) > 10_900
    start_draft(anna, APP)

    # The preview names schools, computers and calls; nothing is written yet, and Anna cannot approve her own request.
    change = propose(anna, "Matematikämnet behöver det från och med mars.")
    work_out_the_preview(anna)
    main = anna.locator("main")
    expect(main).to_contain_text(APP)
    concerned = number(anna.locator(".figure-value").first.inner_text())
    assert concerned > 4_000
    expect(main).to_contain_text("deviceAppManagement/mobileApps/")
    expect(main.locator("table").filter(has_text=SCHOOL)).to_be_visible()
    expect(anna.locator("form[action$='/approve/']")).to_have_count(0)
    assert assignments_by_app(demo) == before

    # A colleague approves, and agrees that so many computers get it at once; the workers write.
    approve(bengt, change)
    anna.goto(change)
    expect(anna.locator("form[action$='/apply/']")).to_have_count(0)
    write_to_intune(anna, bengt, change)
    expect(anna.locator("#progress")).to_contain_text("bekräfta", timeout=60_000)
    eventually(lambda: is_written(anna), seconds=60, what="every assignment to be confirmed")

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


def installed(page: Page) -> int:
    """Computers done, as the open page says now without being loaded anew."""
    return number(page.locator("#converging").inner_text())
