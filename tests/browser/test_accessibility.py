"""axe on every page, in both languages and themes, as the roles that see something of their own there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT, Demo, SignIn, Work, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
LISTS = {
    "anna": [
        "/",
        "/devices/",
        "/devices/?q=finns-inte",
        "/schools/",
        "/calendar/",
        "/calendar/?year=2001",
        "/calendar/1/",
        "/calendar/new/",
        "/calendar/copy/",
        "/calendar/lessons/",
        "/lines/",
        "/programs/",
        "/applications/",
        "/applications/?look=unused",
        "/applications/new/",
        "/capabilities/",
        "/capabilities/new/",
        "/baselines/",
        "/baselines/open/",
        "/revisions/compare/",
        "/proposals/",
        "/proposals/new/",
        "/proposals/new/?kind=profile",
        "/meetings/",
        "/meetings/new/",
        "/meetings/seats/",
        "/meetings/seats/new/",
        "/meetings/delegations/",
        "/meetings/delegations/new/",
        "/requests/",
        "/requests/?q=finns-inte",
        "/requests/review/",
        "/follow-up/",
        "/follow-up/assumptions/reinstalls_a_week/",
        "/exceptions/",
        "/exceptions/?q=finns-inte",
        "/exceptions/new/",
        "/changes/",
        "/rollouts/",
        "/rollouts/?status=halted",
        "/sync/",
        "/sync/runs/",
        "/sync/stop/",
        "/drift/",
        "/drift/?state=over",
        "/intune/import/",
        "/intune/actions/",
        "/sync/unmatched/",
        "/sync/writes/",
        "/sync/settings/",
        "/intune/apps/",
        "/intune/apps/create/",
        "/audit/",
        "/account/",
        "/account/password/",
        "/notifications/",
        "/notifications/?show=unread",
        "/mailbox/",
        "/webhooks/",
        "/api/",
        "/applications/1/seats/",
        "/finns-inte/",
    ],
    "cecilia": ["/", "/requests/", "/requests/new/", "/requests/deputies/"],
    "david": ["/", "/devices/", "/schools/", "/calendar/", "/changes/", "/rollouts/", "/audit/"],
    "filip": [
        "/",
        "/programs/",
        "/programs/?q=finns-inte",
        "/requests/",
        "/requests/new/",
        "/applications/",
        "/baselines/",
        "/audit/",
        "/changes/",
    ],
    "gunilla": ["/", "/follow-up/", "/baselines/", "/proposals/", "/meetings/", "/notifications/", "/mailbox/"],
    "hanna": ["/", "/account/", "/devices/"],
    "ivar": ["/", "/audit/", "/sync/"],
}
"""The last of Filip's and of Hanna's are refused to them: the page that says so."""
DETAILS = {
    "/devices/": "/devices/",
    "/schools/": "/schools/",
    "/applications/": "/applications/",
    "/baselines/": "/baselines/",
    "/follow-up/": "/follow-up/",
    "/requests/": "/requests/",
    "/proposals/": "/proposals/",
    "/meetings/": "/meetings/",
    "/sync/runs/": "/sync/runs/",
    "/drift/": "/drift/",
}
"""Lists, and how the addresses of what they lead to begin."""
LOOKS = [("sv", "light"), ("sv", "dark"), ("en", "light"), ("en", "dark")]


def faults(page: Page) -> list[str]:
    """What axe finds, a line each: rule, element."""
    page.evaluate(Path(AXE).read_text())
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]]


def details(page: Page) -> list[str]:
    """One page of each kind that lists lead to, with the active revision and its containers."""
    found = []
    for start, beginning in DETAILS.items():
        page.goto(start)
        links = [link.get_attribute("href") or "" for link in page.locator(f"main a[href^='{beginning}']").all()]
        found += [href for href in links if href.removeprefix(beginning).rstrip("/").isdigit()][:1]
    page.goto(next(path for path in found if path.startswith("/baselines/")))
    for beginning in ("/revisions/", "/containers/"):
        found += [link.get_attribute("href") or "" for link in page.locator(f"main a[href^='{beginning}']").all()[:1]]
    of_detail = {
        "/schools/": ["class-groups/", "?on=2026-01-01"],
        "/baselines/": ["import/"],
        "/follow-up/": ["time-saved/", "time-saved/with_the_term/"],
        "/devices/": ["?on=2026-01-01"],
    }
    return [*found, *(path + rest for path in found for rest in of_detail.get(f"/{path.split('/')[1]}/", []))]


def simulated(page: Page, change: str) -> str:
    """The page of a simulation of that change, played to its end."""
    page.goto(change)
    page.locator("form[action$='/simulate/'] button").click()
    page.wait_for_selector("#by-school")
    return page.url.removeprefix(page.url.split("/simulations/")[0])


def forms_of(application: str) -> list[str]:
    """The pages on which an IT administrator keeps an application; `application` is the address of its page."""
    return [f"{application}{form}/" for form in ("edit", "vetting", "licences")]


@pytest.fixture(scope="session")
def exceptions(chromium: Browser, demo: Demo) -> list[str]:
    """The pages of an exception of each sort: for a computer, and for a class group."""
    anna = signed_in(chromium.new_context(base_url=demo.url).new_page(), demo, "anna")
    anna.goto("/devices/?q=GYRONN")
    computer = anna.locator("tbody th a").first.inner_text()
    anna.goto("/schools/")
    schools = (link.get_attribute("href") or "" for link in anna.locator("main a[href^='/schools/']").all())
    anna.goto(f"{next(href for href in schools if href.removeprefix('/schools/').rstrip('/').isdigit())}class-groups/")
    anna.locator("input[name=name]").fill("Undantag 1a")
    anna.locator("form:has(input[name=name]) button").click()
    anna.goto("/exceptions/new/")
    group = anna.locator("select[name=class_group] option", has_text="Undantag 1a").get_attribute("value") or ""
    found = [asked_for(anna, computer=computer), asked_for(anna, class_group=group)]
    anna.context.close()
    return found


def asked_for(page: Page, computer: str = "", class_group: str = "") -> str:
    """Asks for an exception; the path of its page."""
    page.goto("/exceptions/new/")
    page.locator("input[name=what]").fill("Adobe Acrobat Reader")
    page.locator("input[name=computer]").fill(computer)
    page.locator("select[name=class_group]").select_option(class_group)
    page.locator("textarea[name=reason]").fill("Särskilt stöd")
    page.locator("form.panel button.btn-primary").click()
    page.wait_for_url(re.compile(r"/exceptions/\d+/$"))
    return urlsplit(page.url).path


def every_page(username: str, page: Page, work: Work, exceptions: list[str]) -> list[str]:
    """Anna's have one of each kind; the others' what looks otherwise for them."""
    if username == "anna":
        changes = [work.proposed, work.planned, work.written, f"{work.planned}computers/", f"{work.written}computers/"]
        page.goto(work.draft)
        entry = page.locator("main a[href*='/entries/']").last.get_attribute("href") or ""
        found = details(page)
        rollout = [f"{work.rollout}{part}" for part in ("", "computers/", "settings/")]
        return [
            *LISTS[username],
            *found,
            *rollout,
            *exceptions,
            *forms_of(next(path for path in found if path.startswith("/applications/"))),
            *changes,
            work.draft,
            f"{work.draft}entries/",
            f"{work.draft}impact/",
            entry,
            simulated(page, work.planned),
        ]
    sees_changes = username in ("david", "ivar")
    return [*LISTS[username], *([work.written, f"{work.written}computers/"] if sees_changes else [])]


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
@pytest.mark.parametrize("username", LISTS)
def test_every_page_is_accessible(
    demo: Demo, sign_in: SignIn, work: Work, exceptions: list[str], *, username: str, look: tuple[str, str]
) -> None:
    language, theme = look
    page = sign_in(username, color_scheme=theme)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": demo.url}])

    found = {}
    for path in every_page(username, page, work, exceptions):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        found[path] = faults(page)

    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_signing_in_and_a_new_token_are_accessible(
    demo: Demo, chromium: Browser, sign_in: SignIn, language: str, theme: str
) -> None:
    cookie: Any = {"name": "django_language", "value": language, "url": demo.url}
    stranger = chromium.new_context(base_url=demo.url, color_scheme=theme).new_page()
    stranger.context.add_cookies([cookie])
    stranger.goto("/login/")
    page = sign_in("anna", color_scheme=theme)
    page.context.add_cookies([cookie])
    page.goto("/account/")
    page.locator("details:has(input[name=name]) > summary").click()
    page.locator("input[name=name]").fill("axe")
    page.locator("form:has(input[name=name]) button").click()

    found = [faults(stranger), faults(page)]

    assert page.locator("#token").input_value()
    assert found == [[], []]
    stranger.context.close()


@pytest.mark.parametrize("username", LISTS)
def test_no_page_scrolls_sideways_on_a_phone(sign_in: SignIn, work: Work, exceptions: list[str], username: str) -> None:
    page = sign_in(username, viewport={"width": 360, "height": 740})

    too_wide = []
    for path in every_page(username, page, work, exceptions):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(path)

    assert too_wide == []


def test_the_pages_work_with_script_off(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in("anna", java_script_enabled=False)

    page.goto("/devices/")
    page.locator("input[name=q]").fill("GYRONN")
    page.locator("form[role=search] button.without-script").click()

    assert "q=GYRONN" in page.url
    assert all("GYRONN" in name for name in page.locator("tbody th a").all_inner_texts())
