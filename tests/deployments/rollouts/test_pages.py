"""The pages of roll-outs: every figure leads to the list it counts, and each says what goes on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import RingMember, Rollout
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.models import School, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, report, write

pytestmark = pytest.mark.django_db
COMPUTERS = re.compile(r'href="(/rollouts/\d+/computers/\?[^"]*)"[^>]*>(.*?)</a>', re.S)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


@pytest.fixture
def client(admin: User) -> Client:
    return signed_in(admin)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def devices(count: int = 20, school: School | None = None, **columns: Any) -> list[Device]:
    model = make.hardware_model()
    return [make.device(school or make.school(), hardware_model=model, **columns) for _ in range(count)]


def planned(admin: User, computers: list[Device], **settings: Any) -> Rollout:
    how = {"shares": (20, 100), "least_per_model": 2, "soak_hours": 0, "min_sample": 2, **settings}
    return rollouts.plan_rollout(approved_change(computers), Settings(**how), by=admin, now=timezone.now())


def under_way(admin: User, computers: list[Device], **settings: Any) -> Rollout:
    """With its first ring written an hour ago."""
    row, now = planned(admin, computers, **settings), timezone.now() - timedelta(hours=1)
    rollouts.start(row, by=admin, now=now, put_in_force=put_in_force)
    rollouts.advance(now)
    write(row, now)
    row.refresh_from_db()
    return row


def page(client: Client, row: Rollout, **options: Any) -> str:
    answer = client.get(row.get_absolute_url(), **options)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, row: Rollout, name: str, **data: Any) -> str:
    answer = client.post(reverse(f"deployments:{name}", args=[row.pk]), data, follow=True)
    assert answer.status_code == 200
    row.refresh_from_db()
    return answer.content.decode()


def listed(client: Client, address: str) -> int:
    return int(client.get(address.replace("&amp;", "&")).context["count"])


def figures(html: str) -> dict[str, int]:
    """The number in each link to a list of computers, by address."""
    found = {}
    for address, words in COMPUTERS.findall(html):
        numbers = re.findall(r"\d+", re.sub(r"<[^>]+>", " ", words.replace("\u00a0", "")))
        if numbers and "version=" not in address:
            found[address] = int(numbers[0])
    return found


def test_approved_change_is_planned_on_a_page(client: Client) -> None:
    change_set = approved_change(devices())
    form = reverse("deployments:plan_rollout", args=[change_set.pk])
    said = client.get(form).context["form"].initial

    answer = client.post(form, {**said, "shares": "20 100", "pilot_school": "", "starts_on": "", "starts_in": ""})

    row = Rollout.objects.get()
    assert answer.headers["Location"] == row.get_absolute_url()
    assert [ring.members.count() for ring in row.rings.all()] == [5, 15]
    assert client.get(form).headers["Location"] == row.get_absolute_url()


@pytest.mark.parametrize(
    "fault, named",
    [
        ({"shares": "50 10"}, "shares"),
        ({"shares": "all"}, "shares"),
        ({"starts": "day"}, "starts_on"),
        ({"starts": "break"}, "starts_in"),
        ({"strategy": "pilot_school"}, "pilot_school"),
    ],
)
def test_fault_is_told_beside_its_field(client: Client, fault: dict[str, str], named: str) -> None:
    form = reverse("deployments:plan_rollout", args=[approved_change(devices(3)).pk])
    said = client.get(form).context["form"].initial | {"pilot_school": "", "starts_on": "", "starts_in": ""}

    answer = client.post(form, said | fault)

    assert answer.status_code == 400
    assert named in answer.context["form"].errors
    assert not Rollout.objects.exists()


def test_before_the_start_rings_are_shown_by_school_and_model(client: Client, admin: User) -> None:
    row = planned(admin, [*devices(10), *devices(10)])

    shown = page(client, row)

    assert "20 computers in 2 rings" in shown
    assert "at least 2 computers of every model" in shown
    assert "When each school begins" in shown
    assert reverse("intune_sync:start_rollout", args=[row.pk]) in shown
    assert all(listed(client, address) == count for address, count in figures(shown).items())


def test_ring_with_too_few_of_a_model_is_told(client: Client, admin: User) -> None:
    rare = make.hardware_model("Sällsynt")
    row = planned(admin, [*devices(18), *(make.device(hardware_model=rare) for _ in range(6))], least_per_model=4)
    second = row.rings.get(number=2)
    RingMember.objects.filter(rollout=row, ring__number=1, device__hardware_model=rare).update(ring=second)

    assert "Ring 1 has 0 of" in page(client, row)


def test_other_rings_are_drawn_and_computers_moved(client: Client, admin: User) -> None:
    row = planned(admin, devices())
    act(client, row, "draw_again")
    assert row.seed == 2

    chosen = list(row.members.filter(ring__number=2).values_list("device", flat=True)[:3])
    said = act(client, row, "move_computers", device=chosen, ring=1)

    assert "3 computers are now in ring 1." in said
    assert row.members.filter(ring__number=1).count() == 7


def test_the_whole_list_as_it_is_narrowed_can_be_moved(client: Client, admin: User) -> None:
    here = make.school()
    row = planned(admin, [*devices(10, here), *devices(10)])

    act(client, row, "move_computers", all="1", narrowed=f"school={here.pk}", ring=1)

    assert set(here.devices.values_list("ring_members__ring__number", flat=True)) == {1}
    assert row.members.filter(ring__number=2).exists()


def test_every_figure_counts_what_its_list_holds(client: Client, admin: User) -> None:
    row = under_way(admin, [*devices(12), *devices(8, last_check_in_at=None)])
    report(row.rings.get(number=1), timezone.now(), failing=lambda device: device.pk % 2 == 0)

    shown = page(client, row)

    counted = figures(shown)
    assert {address: listed(client, address) for address in counted} == counted
    assert any("status=failed" in address for address in counted)
    assert any("status=later" in address for address in counted)


def test_places_add_up_to_all_computers_in_every_table(client: Client, admin: User) -> None:
    row = under_way(admin, devices(30))
    report(row.rings.get(number=1), timezone.now())

    seen = client.get(row.get_absolute_url()).context

    assert sum(seen["progress"].whole.counts.values()) == 30
    for rows in (seen["schools"], seen["models"]):
        assert sum(cell.count for line in rows for cell in line.cells) == 30
    assert sum(step.computers for step in seen["steps"]) == 30


def test_failures_are_told_with_their_cause_and_lead_to_exactly_those(client: Client, admin: User) -> None:
    row = under_way(admin, devices(20), shares=(50, 100))
    version = row.change_set.changes.get().app_version
    for place, member in enumerate(row.members.filter(ring__number=1).order_by("pk")):
        state = {"state": "failed", "error_code": "0x87D13BA2", "detail": "No disk"} if place < 3 else {}
        make.install_status(member.device, version, **{"reported_at": timezone.now(), **state})

    shown = page(client, row)

    assert "Why it failed on 3 computers" in shown
    assert re.search(r"3 of\s+10", shown)
    assert "0x87D13BA2" in shown
    cause = client.get(row.get_absolute_url()).context["causes"][0]
    assert listed(client, f"{reverse('deployments:rollout_computers', args=[row.pk])}?{cause.query}") == 3


def test_halted_one_says_why_and_what_may_be_done(client: Client, admin: User) -> None:
    row = under_way(admin, devices(40), shares=(50, 100))
    report(row.rings.get(number=1), timezone.now(), failing=lambda device: True)
    rollouts.advance(timezone.now())
    row.refresh_from_db()

    shown = page(client, row)

    assert row.status == "halted"
    assert "It has stopped by itself." in shown
    assert "20 of 20 attempts" in shown
    assert "Roll it back, or say why it may go on." in shown
    assert "Prepare rolling back" in shown
    assert "This cannot be done now" not in act(client, row, "resume_rollout", reason="Känt fel")
    assert row.status == "running"


def test_school_is_told_that_others_decide_on_a_stopped_one(admin: User) -> None:
    here = make.school()
    row = in_state(under_way(admin, devices(10, here), shares=(60, 100)), "halted", admin)

    shown = page(signed_in(make.person("school_it", here)), row)

    assert "IT decides how it goes on." in shown
    assert "say why it may go on" not in shown


def test_rolling_back_leads_to_the_change_that_does(client: Client, admin: User) -> None:
    version = make.app_version()
    row = under_way(admin, devices(10), shares=(50, 100))
    make.entry(row.change_set.revision, make.municipality(), version.application)

    answer = client.post(reverse("deployments:roll_back_rollout", args=[row.pk]), {"reason": "Kraschar"}, follow=True)

    row.refresh_from_db()
    assert row.rollback
    assert answer.redirect_chain[-1][0] == row.rollback.get_absolute_url()


@pytest.mark.parametrize(
    "name, status", [("pause_rollout", "paused"), ("abort_rollout", "aborted"), ("let_ring_through", "running")]
)
def test_acts_do_what_they_say(client: Client, admin: User, name: str, status: str) -> None:
    row = under_way(admin, devices())

    act(client, row, name, reason="Prov")

    assert row.status == status


def test_act_without_its_reason_is_refused_in_words(client: Client, admin: User) -> None:
    row = under_way(admin, devices())

    assert "Say why the roll-out is broken off." in act(client, row, "abort_rollout", reason=" ")
    assert row.status == "running"


def test_exception_from_the_calendar_takes_another_person(client: Client, admin: User) -> None:
    row = planned(admin, devices())
    assert "Another IT administrator has to approve it." in act(client, row, "ask_override", reason="Säkerhetshål")
    other = signed_in(make.person("it_admin"))
    assert "It takes your approval" in page(other, row)

    act(other, row, "approve_override")

    assert row.change_set.overrides.get().approved_at is not None


def test_school_sees_its_share_and_neither_gate_nor_acts(admin: User) -> None:
    here, there = make.school("Almskolan"), make.school("Björkskolan")
    row = under_way(admin, [*devices(10, here), *devices(10, there)])
    rollouts.advance(timezone.now())
    client = signed_in(make.person("school_it", here))

    seen = client.get(row.get_absolute_url())

    assert seen.context["progress"].whole.total == 10
    assert [line.share.name for line in seen.context["schools"]] == ["Almskolan"]
    assert "Björkskolan" not in seen.content.decode()
    assert not seen.context["acts"]
    assert all(step.reading is None for step in seen.context["steps"])
    narrowed = f"{reverse('deployments:rollout_computers', args=[row.pk])}?school={there.pk}"
    assert "Björkskolan" not in client.get(narrowed).content.decode()
    assert client.get(reverse("deployments:rollout_list")).context["rows"][0]["total"] == 10


def test_page_is_asked_for_while_it_goes_on_and_fetched_whole_when_the_state_has_changed(
    client: Client, admin: User
) -> None:
    row = under_way(admin, devices())
    shown = page(client, row)
    address = re.search(r'hx-get="([^"]+)" hx-trigger="every 10s"', shown)
    assert address
    same = client.get(address[1], headers={"HX-Request": "true"})
    assert "HX-Refresh" not in same.headers

    rollouts.pause(row, by=admin)

    changed = client.get(address[1], headers={"HX-Request": "true"})
    assert changed.headers["HX-Refresh"] == "true"
    assert "It is paused." in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_list_says_where_each_stands_and_what_it_waits_for(client: Client, admin: User) -> None:
    row = under_way(admin, devices())
    planned(admin, devices(5))

    shown = client.get(reverse("deployments:rollout_list"))

    lines = {line["rollout"].pk: line for line in shown.context["rows"]}
    assert (lines[row.pk]["told"], lines[row.pk]["total"], lines[row.pk]["current"].number) == (4, 20, 1)
    assert "the gate waits for the others" in lines[row.pk]["story"]
    assert (
        client.get(reverse("deployments:rollout_list") + "?status=planned").context["rows"][0]["rollout"].pk != row.pk
    )


def in_state(row: Rollout, state: str, admin: User) -> Rollout:
    """From planned, or from having its first ring out."""
    now = timezone.now()
    if state == "queued":
        rollouts.ask_to_start(row, by=admin, now=now)
    if state in ("halted", "between"):
        report(row.rings.get(number=1), now, failing=lambda device: state == "halted" and device.pk % 2 == 0)
    if state == "halted":
        rollouts.halt(row, "model_fails", FINDING, now)
    if state == "between":
        rollouts.pass_ring(row, by=admin, now=now, reason="Prov")
    row.refresh_from_db()
    return row


FINDING = {"key": "k", "failed": 4, "reported": 9, "normal": 0.02, "version": "GeoGebra 6", "model": "HP Fortis"}


@pytest.mark.parametrize("state", ["planned", "queued", "running", "halted", "between"])
def test_queries_do_not_grow_with_computers_and_rings(
    client: Client, admin: User, state: str, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.context.CACHE_SECONDS", 600)  # the frame is there, however slow the machine
    make_one = planned if state in ("planned", "queued") else under_way
    few = in_state(make_one(admin, devices(10), shares=(60, 100)), state, admin)
    shares = (5, 10, 15, 20, 30, 40, 60, 80, 100)
    many = in_state(make_one(admin, [*devices(40), *devices(20)], shares=shares, least_per_model=1), state, admin)

    for row in (few, many):
        page(client, row)
        with django_assert_max_num_queries(10):
            page(client, row)
        with django_assert_max_num_queries(8):
            answer = client.get(reverse("deployments:rollout_computers", args=[row.pk]))
    assert len(answer.content) < 80_000
    with django_assert_max_num_queries(8):
        client.get(reverse("deployments:rollout_list"))
