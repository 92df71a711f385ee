"""When Intune does not answer: the pages say since when, what still works, and that the rest goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo, SignIn
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

BANNER = ".condition-bad"


@pytest.fixture
def graph_down(demo: Demo) -> Iterator[None]:
    demo.sandbox("faults", {"kind": "down"})
    yield
    demo.sandbox("faults", method="DELETE")


def has_banner(page: Page) -> bool:
    page.goto("/")
    return page.locator(BANNER).count() == 1


def test_pages_work_on_and_tell_since_when_intune_is_silent(demo: Demo, sign_in: SignIn, graph_down: None) -> None:
    anna, filip = sign_in("anna"), sign_in("filip")
    anna.goto("/sync/")
    anna.locator("form[action$='/sync/start/'] button.btn-primary").click()

    eventually(lambda: has_banner(anna), seconds=90, what="the portal to notice")
    expect(anna.locator(BANNER)).to_contain_text("Intune har inte svarat sedan")
    expect(anna.locator(BANNER)).to_contain_text("av sig själv")
    anna.goto("/sync/")
    expect(anna.locator("#page-lead")).to_contain_text("svarar inte")
    for path in ("/devices/", "/schools/", "/applications/", "/baselines/", "/changes/"):
        assert anna.goto(path).status == 200  # type: ignore[union-attr]
        expect(anna.locator(BANNER)).to_be_visible()
    filip.goto("/applications/")
    expect(filip.locator(BANNER)).to_have_count(0)

    demo.sandbox("faults", method="DELETE")

    eventually(lambda: not has_banner(anna), seconds=120, what="the portal to hear from Intune again")
