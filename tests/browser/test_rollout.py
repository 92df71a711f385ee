"""A version that fails on one model, in Chromium: planned, started, stopped by itself, rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo, running_demo, signed_in
from tests.browser.steps import (
    approve,
    pass_the_calendar,
    plan_rollout,
    propose,
    start_draft,
    work_out_the_preview,
)
from tests.browser.test_story import number
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("rollout")]

APP, MODEL, SCHOOL = "Autodesk Fusion", "21JKS0F500", "Rönnskolan"
RINGS = {"shares": "60 100", "least_per_model": "8", "soak_hours": "0", "min_sample": "10"}


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("rollout"), "--devices", "600") as running:
        yield running


@pytest.fixture
def people(chromium: Browser, small_demo: Demo) -> Iterator[dict[str, Page]]:
    contexts = {name: chromium.new_context(base_url=small_demo.url) for name in ("anna", "bengt", "david")}
    yield {name: signed_in(context.new_page(), small_demo, name) for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def story(page: Page) -> str:
    return page.locator("#page-lead").inner_text()


def test_bad_version_stops_by_itself_and_is_rolled_back(people: dict[str, Page]) -> None:
    anna, bengt, david = people["anna"], people["bengt"], people["david"]
    start_draft(anna, APP)
    change = propose(anna, "CAD-kursen behöver det.")
    work_out_the_preview(anna)
    approve(bengt, change)

    # The rings are shown before anything starts, and every figure leads to the computers that it counts.
    rollout = plan_rollout(anna, change, **RINGS)
    expect(anna.locator("li.ring")).to_have_count(2)
    expect(anna.locator("#starts")).to_be_visible()
    ring = anna.locator("li.ring a").first
    in_ring = number(ring.inner_text())
    ring.click()
    assert number(anna.locator("#list-count").inner_text()) == in_ring

    # Two computers are moved by hand to the first ring.
    anna.goto(f"{rollout}computers/?ring=2")
    for place in range(2):
        anna.locator("input[name=device]").nth(place).check()
    expect(anna.locator("[data-chosen]")).to_have_text("2")
    anna.locator("#goes-to").select_option("1")
    anna.locator(".chosen-bar button.btn-primary").click()
    anna.goto(rollout)
    assert number(anna.locator("li.ring a").first.inner_text()) == in_ring + 2

    # It starts, and the page that is open follows by itself until it stops and names the model.
    pass_the_calendar(anna, bengt, rollout)
    anna.goto(rollout)
    anna.locator("form[action$='/start/'] button").click()
    eventually(lambda: "stannat av sig själv" in story(anna), seconds=300, what="the roll-out to stop by itself")
    assert MODEL in story(anna)
    assert APP in story(anna)
    expect(anna.locator("table[aria-labelledby=causes]")).to_contain_text(MODEL)
    bengt.goto("/")
    expect(bengt.locator("#work")).to_contain_text("har stannat av sig själv")

    # The school sees its own share of it and no buttons.
    david.goto(rollout)
    expect(david.locator("table[aria-labelledby=schools]")).to_contain_text(SCHOOL)
    expect(david.locator("#acts")).to_have_count(0)

    # Rolling back leads to a change for exactly the computers that got it.
    anna.locator("details:has(form[action$='/roll-back/']) > summary").click()
    anna.locator("form[action$='/roll-back/'] textarea").fill("Fungerar inte på en modell.")
    anna.locator("form[action$='/roll-back/'] button").click()
    anna.wait_for_url("**/changes/*/")
    work_out_the_preview(anna)
    assert number(anna.locator(".figure-value").first.inner_text()) == in_ring + 2
