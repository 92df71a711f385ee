"""What IT administrators do on the pages, in Swedish, from a draft to a change that is being written."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

CONTAINER = "Gymnasieskola"


def start_draft(page: Page, app: str, *, container: str = CONTAINER, version: str = "") -> str:
    """A draft in which the upper secondary schools, or another container, get the app; its address."""
    page.goto("/baselines/")
    page.locator("main h2 a[href^='/baselines/']").first.click()
    page.locator("form[action$='/draft/'] button").click()
    page.locator("main a[href$='/entries/']").first.click()
    page.locator("select[name=container]").select_option(label=container)
    page.locator("select[name=application]").select_option(label=app)
    page.locator("select[name=decision]").select_option("required")
    if version:
        page.locator("select[name=version]").select_option(label=version)
    page.locator("form:has(select[name=application]) button.btn-primary").click()
    page.wait_for_url(re.compile(r"/revisions/\d+/$"))
    return page.url


def propose(page: Page, reason: str) -> str:
    """From a draft to its change; the change's address."""
    page.locator("form[action$='/propose/'] textarea").fill(reason)
    page.locator("form[action$='/propose/'] button").click()
    page.wait_for_url(re.compile(r"/changes/\d+/$"))
    return page.url


def work_out_the_preview(page: Page) -> None:
    if not page.locator("#schools").count():
        page.locator("form[action$='/plan/'] button").click()
    expect(page.locator("#schools")).to_be_visible()


def approve(page: Page, change: str) -> None:
    page.goto(change)
    page.locator("form[action$='/approve/'] button").click()


def write_to_intune(page: Page, colleague: Page, change: str) -> None:
    """For all its computers at once; the colleague agrees to an exception where size or calendar is against that."""
    page.goto(change)
    if page.locator("form[action$='/override/']").count():
        pass_the_calendar(page, colleague, change)
        page.goto(change)
    page.locator("form[action$='/apply/'] button").click()


def is_written(page: Page) -> bool:
    progress = page.locator("#progress progress").first
    return progress.get_attribute("value") == progress.get_attribute("max")


def plan_rollout(page: Page, change: str, **fields: str) -> str:
    """From an approved change to its rings, to be started at once; `fields` of the form by name. Its address."""
    page.goto(change)
    page.locator("a[href$='/rollout/']").click()
    page.locator("input[name=starts][value=now]").check()
    for name, value in fields.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("form.panel button.btn-primary").click()
    page.wait_for_url(re.compile(r"/rollouts/\d+/$"))
    return page.url


def pass_the_calendar(asker: Page, approver: Page, address: str) -> None:
    """Two people let a roll-out start whatever the time of the day, or a change be written at once."""
    asker.goto(address)
    asker.locator("details:has(form[action$='/override/']) > summary").click()
    asker.locator("form[action$='/override/'] textarea").fill("Provet börjar i morgon.")
    asker.locator("form[action$='/override/'] button").click()
    approver.goto(address)
    approver.locator("form[action$='/override/approve/'] button").click()
