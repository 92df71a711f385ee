"""A whole cycle in Chromium: from one term's requests to the next term's baseline, and one step back.

It has a demo of its own, as it leaves nothing as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Demo, running_demo, signed_in
from tests.browser.steps import CONTAINER, approve, is_written, work_out_the_preview, write_to_intune
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("cycle")]

PEOPLE = ("anna", "bengt", "cecilia", "eva", "filip", "gunilla", "johan", "karin", "lars")
INSTALLED, REFUSED, RAISED = "GeoGebra Klassisk 6", "Krita", "Audacity"
ADDED, MOVED, IN_BETWEEN = "GIMP", "Python 3", "Scratch 3"
TECHNICAL, RONN = "Ekestads tekniska gymnasium", "Rönnskolan"
DISSENT = "Programmet är för svårt att lära sig."
A_DAY = 86_400

People = dict[str, Page]


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("cycle"), "--devices", "300") as running:
        yield running


@pytest.fixture
def people(chromium: Browser, small_demo: Demo) -> Iterator[People]:
    contexts = {name: chromium.new_context(base_url=small_demo.url) for name in PEOPLE}
    yield {name: signed_in(context.new_page(), small_demo, name) for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def test_a_whole_cycle_from_one_term_to_the_next(small_demo: Demo, people: People) -> None:
    installed = ask(people["filip"], INSTALLED, "Geometri i matematik 2")
    people["cecilia"].goto(installed)
    press(people["cecilia"], "approve")
    refused = ask(people["eva"], REFUSED, "Bildkursen vill ha det")
    people["lars"].goto(refused)
    press(people["lars"], "refuse", reason="GIMP räcker för kursen.")
    raised = ask(people["eva"], RAISED, "Ljudet till skolans filmer")

    three_roles_propose(people, raised)
    it_is_tried_on_two_computers(small_demo, people, installed)
    minutes = the_committee_meets(people)
    two_sign(people, minutes)
    an_amendment_in_between(people)

    eventually(small_demo.is_at_rest, seconds=180, what="the other computers to be named to Intune")
    live_until(small_demo, people, installed, "done")
    people["filip"].goto(installed)
    expect(people["filip"].locator("h1")).to_contain_text("Klar")
    people["eva"].goto(refused)
    expect(people["eva"].locator("h1")).to_contain_text("Avslag")
    expect(people["eva"].locator("main")).to_contain_text("GIMP räcker för kursen.")
    eventually(small_demo.is_at_rest, seconds=120, what="the decisions in between to be carried out")
    had = groups(small_demo, ADDED)
    the_revision_is_published(people, minutes)
    assert len(groups(small_demo, ADDED) - had) == 1
    assert group_of(small_demo, TECHNICAL) in groups(small_demo, IN_BETWEEN)
    assert group_of(small_demo, RONN) in groups(small_demo, INSTALLED)
    one_decision_is_taken_back(people, minutes)
    assert groups(small_demo, ADDED) == had
    assert group_of(small_demo, TECHNICAL) in groups(small_demo, IN_BETWEEN)


def ask(page: Page, application: str, purpose: str) -> str:
    """The address of the request."""
    page.goto("/requests/new/")
    page.locator("input[name=what]").fill(application)
    page.locator("textarea[name=purpose]").fill(purpose)
    page.locator("form.panel button.btn-primary").click()
    page.wait_for_load_state()
    if page.url.endswith("/requests/new/"):  # what is known already is shown once before it is sent
        page.locator("form.panel button.btn-primary").click()
    page.wait_for_url(re.compile(r"/requests/\d+/$"))
    return page.url


def press(page: Page, act: str, **said: str) -> None:
    """The button of the form that leads to `act`, with its fields filled in; it may stand in a fold."""
    form = page.locator(f"form[action$='/{act}/']").first
    form.wait_for(state="attached")  # the page may just be on its way
    unfold(page, form)
    for name, text in said.items():
        form.locator(f"[name={name}]").fill(text)
    with page.expect_navigation():
        form.locator("button").first.click()


def unfold(page: Page, form: Locator) -> None:
    fold = page.locator("main details:not([open])").filter(has=form)
    if fold.count():
        fold.first.locator("> summary").click()


def status(demo: Demo, request: str) -> str:
    """By the API, as the pages say it in words; `request` is the address of its page."""
    key = request.rstrip("/").rpartition("/")[2]
    return str(demo.api(f"requests/{key}/")["status"])


def three_roles_propose(people: People, raised: str) -> None:
    """A member and IT with the form, which counts as they fill it in; and a school's request for everybody."""
    gunilla, anna, bengt = people["gunilla"], people["anna"], people["bengt"]
    gunilla.goto("/proposals/new/")
    choose(gunilla, "application", ADDED)
    choose(gunilla, "container", CONTAINER)
    expect(gunilla.locator("#proposal-preview")).to_contain_text(re.compile(r"Det skulle ändra \d+ datorer"))
    make(gunilla, "Bildkurserna behöver det.")

    anna.goto("/proposals/new/")
    expect(anna.locator("select[name=moved_from]")).to_have_count(0)
    anna.locator("select[name=kind]").select_option("profile")
    expect(anna.locator("select[name=moved_from]")).to_be_visible()
    choose(anna, "application", MOVED)
    choose(anna, "moved_from", RONN)
    choose(anna, "container", CONTAINER)
    expect(anna.locator("#proposal-preview")).to_contain_text(f"flyttas från {RONN} till {CONTAINER}")
    make(anna, "Alla gymnasier programmerar.")

    bengt.goto(raised)
    press(bengt, "raise")
    expect(bengt.locator("main")).to_contain_text(TECHNICAL)
    karin = people["karin"]
    karin.goto(bengt.url)
    form = karin.locator("form[action$='/stance/']")
    form.locator("select[name=choice]").select_option("against")
    form.locator("input[name=text]").fill("Skolan kan få det ändå.")
    with karin.expect_navigation():
        form.locator("button").click()
    expect(karin.locator("main")).to_contain_text("Lutar åt avslag")


def choose(page: Page, name: str, label: str) -> None:
    """And wait until the form has been fetched anew, with the choice in it."""
    before = page.locator("#proposal-fields").element_handle()
    page.locator(f"select[name={name}]").select_option(label=label)
    page.wait_for_function(
        "before => !before.isConnected && !document.querySelector('.htmx-request, .htmx-added, .htmx-settling')",
        arg=before,
    )
    expect(page.locator(f"select[name={name}] option:checked")).to_have_text(label)


def make(page: Page, reason: str) -> None:
    page.locator("textarea[name=reason]").fill(reason)
    page.locator("form.columns button.btn-primary").click()
    page.wait_for_url(re.compile(r"/proposals/\d+/$"))


def it_is_tried_on_two_computers(demo: Demo, people: People, request: str) -> None:
    filip = people["filip"]
    eventually(lambda: status(demo, request) in ("planned", "pilot"), seconds=120, what="the school's decision")
    eventually(demo.is_at_rest, seconds=180, what="the first two computers to be named to Intune")
    live_until(demo, people, request, "pilot")
    filip.goto(request)
    press(filip, "works")


def live_until(demo: Demo, people: People, request: str, reached: str) -> None:
    """Day after day computers check in and install, and IT reads how far that has come."""

    def a_day_later() -> bool:
        if status(demo, request) == reached:
            return True
        demo.sandbox("clock", {"advance_seconds": A_DAY})
        people["anna"].goto("/sync/")
        people["anna"].locator("form[action$='/sync/start/'] button.btn-primary").click()
        return False

    eventually(a_day_later, seconds=300, what=f"the request to be {reached}")


def the_committee_meets(people: People) -> str:
    """The address of the minutes. One seat is against what is granted, and one item is lost by the votes."""
    gunilla = people["gunilla"]
    gunilla.goto("/meetings/")
    gunilla.locator("main a[href^='/meetings/']").filter(has_text="2026").first.click()
    meeting = gunilla.url
    open_with(gunilla, ["Gunilla"])
    expect(gunilla.locator("#quorum")).to_contain_text("För få är närvarande")
    gunilla.locator("details").filter(has=gunilla.locator("form[action$='/present/']")).locator("summary").click()
    for box in gunilla.locator("form[action$='/present/'] input[type=checkbox]").all():
        box.check()
    press(gunilla, "present")
    expect(gunilla.locator("#quorum")).to_contain_text("Mötet är beslutfört")

    decide(people, meeting, ADDED, {"gunilla": "for", "johan": "for", "karin": "against"}, "granted", note="Om GIMP.")
    karin = people["karin"]
    press_reservation(karin, DISSENT)
    decide(people, meeting, MOVED, {"gunilla": "for", "johan": "for", "karin": "for"}, "granted")
    decide(people, meeting, RAISED, {"gunilla": "for", "johan": "against", "karin": "against"}, "rejected")
    the_rest_is_noted_or_postponed(gunilla, meeting)
    press(gunilla, "close")
    gunilla.wait_for_url(re.compile(r"/minutes/$"))
    return gunilla.url


def open_with(page: Page, names: list[str]) -> None:
    form = page.locator("form[action$='/open/']")
    for name in names:
        form.get_by_label(re.compile(name)).check()
    form.locator("button").click()
    page.wait_for_url(re.compile(r"/room/$"))


def decide(
    people: People, meeting: str, application: str, votes: dict[str, str], outcome: str, *, note: str = ""
) -> None:
    """Each seat votes on a screen of its own; the chair sees the votes come in and finds the outcome."""
    for username, choice in votes.items():
        page = people[username]
        page.goto(f"{meeting}room/")
        page.locator("#room-ahead a").filter(has_text=f": {application}").first.click()
        expect(page.locator("h1")).to_contain_text(application)
        with page.expect_navigation():
            own_seat(page, username).locator(f"button[value={choice}]").click()
    gunilla = people["gunilla"]
    against = sum(choice == "against" for choice in votes.values())
    expect(gunilla.locator("#room-live")).to_contain_text(f"{len(votes) - against} för, {against} emot")
    if note:
        press(gunilla, "note", note=note)
    with gunilla.expect_navigation():
        gunilla.locator(f"#outcome-{outcome}").click()
    expect(gunilla.locator("h2#deciding")).to_contain_text({"granted": "Bifall", "rejected": "Avslag"}[outcome])


def own_seat(page: Page, username: str) -> Locator:
    return (
        page.locator("#room-live li")
        .filter(has=page.locator(".room-votes"))
        .filter(has_text=re.compile(username, re.IGNORECASE))
    )


def press_reservation(page: Page, text: str) -> None:
    page.reload()
    press(page, "reserve", reservation=text)
    expect(page.locator("#room-live")).to_contain_text(text)


def the_rest_is_noted_or_postponed(page: Page, meeting: str) -> None:
    page.goto(f"{meeting}room/")
    while page.locator("[id^=outcome-]:not(#outcome-back)").count():
        last = page.locator("#outcome-noted, #outcome-tabled").first
        with page.expect_navigation():
            last.click()
        page.goto(f"{meeting}room/")


def two_sign(people: People, minutes: str) -> None:
    karin, johan = people["karin"], people["johan"]
    before = karin.request.get(minutes.replace("/minutes/", "/minutes.pdf")).body()
    for page in (johan, karin):
        page.goto(minutes)
        press(page, "sign")
    main = karin.locator("main")
    for text in (ADDED, MOVED, RAISED, DISSENT, "Om GIMP.", "Bifall", "Avslag", "Gunilla Hage", "Karin Sundin"):
        expect(main).to_contain_text(text)
    expect(main).to_contain_text(f"flyttas från {RONN} till {CONTAINER}")
    first, second = (page.request.get(minutes.replace("/minutes/", "/minutes.pdf")).body() for page in (johan, karin))
    assert before.startswith(b"%PDF-")
    assert first == second


def an_amendment_in_between(people: People) -> None:
    """Gunilla may decide on what cannot wait, and does; the portal writes it to Intune by itself."""
    anna, gunilla = people["anna"], people["gunilla"]
    anna.goto("/proposals/new/")
    choose(anna, "application", IN_BETWEEN)
    choose(anna, "container", TECHNICAL)
    make(anna, "Temaveckan börjar på måndag.")
    gunilla.goto("/meetings/delegations/")
    gunilla.locator("main a[href$='/decide/']").first.click()
    found = gunilla.locator("select[name=proposal] option").filter(has_text=IN_BETWEEN)
    gunilla.locator("select[name=proposal]").select_option(value=found.get_attribute("value"))
    gunilla.locator("textarea[name=reason]").fill("Temaveckan är före nästa möte.")
    gunilla.locator("form.panel button.btn-primary").click()
    gunilla.wait_for_url(lambda url: "/decide/" not in url)


def the_revision_is_published(people: People, minutes: str) -> None:
    anna = people["anna"]
    anna.goto(minutes.removesuffix("minutes/"))
    anna.locator("main a[href^='/revisions/']").first.click()
    press(anna, "publish")
    carry_out(people)


def one_decision_is_taken_back(people: People, minutes: str) -> None:
    anna = people["anna"]
    anna.goto(minutes.removesuffix("minutes/"))
    anna.locator("tr").filter(has_text=ADDED).locator("a[href^='/decisions/']").click()
    press(anna, "take-back", reason="Avtalet gick inte att teckna.")
    press(anna, "propose", reason="Avtalet gick inte att teckna.")
    carry_out(people)


def carry_out(people: People) -> None:
    """From the change that Anna looks at to Intune; Bengt approves it."""
    anna, bengt = people["anna"], people["bengt"]
    anna.wait_for_url(re.compile(r"/changes/\d+/$"))
    change = anna.url
    work_out_the_preview(anna)
    approve(bengt, change)
    write_to_intune(anna, bengt, change)
    expect(anna.locator("#progress progress").first).to_be_visible()
    eventually(lambda: is_written(anna), seconds=120, what="every assignment to be confirmed")


def groups(demo: Demo, application: str) -> set[str]:
    """The groups to which Intune really has the application's objects assigned, by their ids."""
    rows = demo.api("applications/?page_size=100")["results"]
    objects = [version["intune_app_id"] for row in rows if row["name"] == application for version in row["versions"]]
    assert objects
    has = demo.sandbox("assignments")
    return {assignment["target"]["groupId"] for key in objects for assignment in has.get(key, ())}


def group_of(demo: Demo, school: str) -> str:
    rows = demo.api("schools/?page_size=100")["results"]
    return str(next(row["entra_group_id"] for row in rows if row["name"] == school))
