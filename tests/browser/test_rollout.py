"""A new version that fails on one model, in Chromium and with the rings that are usual: it stops by itself, is rolled
back, and has reached no other computers than those that had been let in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo, running_demo, signed_in
from tests.browser.reached import Written, aims, let_in, rows
from tests.browser.steps import (
    approve,
    is_written,
    pass_the_calendar,
    plan_rollout,
    propose,
    start_draft,
    work_out_the_preview,
)
from tests.browser.test_story import number
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("rollout")]

APP, VERSION, MODEL, SCHOOL = "7-Zip", "25.00", "Latitude 3140", "Rönnskolan"
EVERYBODY = "Ekestads kommun"


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


def test_bad_version_stops_by_itself_and_is_rolled_back(small_demo: Demo, people: dict[str, Page]) -> None:
    demo, anna, bengt, david = small_demo, people["anna"], people["bengt"], people["david"]
    (old,) = versions(demo)
    before = aims(demo.sandbox("assignments")[old])
    new = a_version_comes_that_fails_on_one_model(demo, old)
    take_up(anna)

    # The new version takes the place of the old one, for all computers in the municipality.
    start_draft(anna, APP, container=EVERYBODY, version=f"{VERSION} (Windows)")
    change = propose(anna, "Rättar ett säkerhetshål.")
    work_out_the_preview(anna)
    concerned = number(anna.locator(".figure-value").first.inner_text())
    approve(bengt, change)

    # The rings are shown before anything starts, and every figure leads to the computers that it counts.
    rollout = plan_rollout(anna, change, soak_hours="0")
    assert f"{APP} {VERSION}" in story(anna)
    expect(anna.locator("li.ring")).to_have_count(4)
    expect(anna.locator("#starts")).to_be_visible()
    ring = anna.locator("li.ring a").first
    in_ring = number(ring.inner_text())
    ring.click()
    assert number(anna.locator("#list-count").inner_text()) == in_ring

    # Two computers are moved by hand to the first ring.
    anna.goto(f"{rollout}computers/?ring=4")
    for place in range(2):
        anna.locator("input[name=device]").nth(place).check()
    expect(anna.locator("[data-chosen]")).to_have_text("2")
    anna.locator("#goes-to").select_option("1")
    anna.locator(".chosen-bar button.btn-primary").click()
    anna.goto(rollout)
    assert number(anna.locator("li.ring a").first.inner_text()) == in_ring + 2

    # It starts, and the page that is open follows by itself until it stops and names model and version.
    pass_the_calendar(anna, bengt, rollout)
    written = Written(demo, since=demo.sandbox("state")["requests"])
    anna.goto(rollout)
    anna.locator("form[action$='/start/'] button").click()
    eventually(lambda: "stannat av sig själv" in story(anna), seconds=300, what="the roll-out to stop by itself")
    assert f"med {APP} {VERSION} misslyckades på Dell Inc. {MODEL}" in story(anna)
    expect(anna.locator("table[aria-labelledby=causes]")).to_contain_text(MODEL)
    bengt.goto("/")
    expect(bengt.locator("#work")).to_contain_text("har stannat av sig själv")
    opened = [ring["number"] for ring in demo.api(f"{api_path(rollout)}rings/") if ring["opened_at"]]
    assert opened in ([1], [1, 2])

    # Only computers that were let in are in a group that the new version is for.
    affected = let_in(demo, api_path(rollout))
    assert len(affected) < concerned / 4
    assert written.computers() == affected
    assert reaches_only(written, old, new, before)
    assert set(demo.sandbox(f"installs?app_id={new}")) <= affected

    # The school sees its own share of it and no buttons.
    david.goto(rollout)
    expect(david.locator("table[aria-labelledby=schools]")).to_contain_text(SCHOOL)
    expect(david.locator("#acts")).to_have_count(0)

    # Rolling back is a change for exactly these computers, which a colleague approves; then all is as before.
    anna.locator("details:has(form[action$='/roll-back/']) > summary").click()
    anna.locator("form[action$='/roll-back/'] textarea").fill("Fungerar inte på en modell.")
    anna.locator("form[action$='/roll-back/'] button").click()
    anna.wait_for_url("**/changes/*/")
    back = anna.url
    work_out_the_preview(anna)
    assert number(anna.locator(".figure-value").first.inner_text()) == len(affected)
    approve(bengt, back)
    anna.goto(back)
    expect(anna.locator("form[action$='/override/']")).to_have_count(0)  # taking back waits for no exception
    anna.locator("form[action$='/apply/'] button").click()
    eventually(lambda: is_written(anna), seconds=120, what="the rollback to be confirmed")
    eventually(lambda: "Återställd" in heading(anna, rollout), seconds=120, what="the roll-out to be rolled back")
    assert "Den är återställd" in story(anna)
    now = demo.sandbox("assignments")
    assert (aims(now[old]), now[new]) == (before, [])
    assert written.computers() == affected
    assert reaches_only(written, old, new, before)
    assert set(demo.sandbox(f"installs?app_id={new}")) <= affected
    eventually(lambda: groups_left(demo, written) == set(), seconds=60, what="the rings' groups to be deleted")


def versions(demo: Demo) -> list[str]:
    """The Intune app ids of the application."""
    application = next(row for row in rows(demo, "applications/") if row["name"] == APP)
    return [version["intune_app_id"] for version in application["versions"]]


def a_version_comes_that_fails_on_one_model(demo: Demo, old: str) -> str:
    """Somebody has uploaded it to Intune; the id of its app there."""
    bad = {"version": VERSION, "failure_by_model": {MODEL: 1.0}}
    return str(demo.sandbox("foreign", {"app_id": old, "new_version": bad})["id"])


def take_up(page: Page) -> None:
    """As a version of the application of the same name, as soon as the portal has read it."""
    button = page.locator("form[action$='/adopt/']:not(:has(input[name=name])) button")

    def is_listed() -> int:
        page.goto(f"/intune/apps/?show=new&q={APP}")
        return button.count()

    eventually(is_listed, seconds=120, what="the new version to be read from Intune")
    button.click()
    page.wait_for_url("**/applications/*/")
    expect(page.locator("main")).to_contain_text(VERSION)


def api_path(rollout: str) -> str:
    return "rollouts/" + rollout.rstrip("/").rpartition("/")[2] + "/"


def heading(page: Page, address: str) -> str:
    page.goto(address)
    return page.locator("h1").inner_text()


def reaches_only(written: Written, old: str, new: str, before: set[tuple[str, str, str]]) -> bool:
    """In each list that was written the new version is for the rings' groups alone, and the old one for whom it was,
    but for those."""
    rings, lists = written.groups(), written.lists()
    assert lists.keys() == {old, new}
    for_rings = {("required", "groupAssignmentTarget", group) for group in rings}
    but_rings = {("required", "exclusionGroupAssignmentTarget", group) for group in rings}
    return all(aims(each) <= for_rings for each in lists[new]) and all(
        before <= aims(each) <= before | but_rings for each in lists[old]
    )


def groups_left(demo: Demo, written: Written) -> set[str]:
    deleted = {
        call["path"].rpartition("/")[2]
        for call in written.calls()
        if call["method"] == "DELETE" and call["executed"] and "/members/" not in call["path"]
    }
    return written.groups() - deleted
