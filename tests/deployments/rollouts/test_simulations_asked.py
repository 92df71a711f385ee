"""Asking for a simulation: what it is played on, that it changes nothing, and the page that marks it as one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deployments.models import AppVersion, ChangeSet, Proposal, Simulation
from deployments.rollouts.simulation_inputs import load
from deployments.services import rollouts, simulations
from deployments.services.rollouts import Settings
from deployments.tasks import tend_simulations
from fleet.models import Device
from schools.models import AuditEvent, CalendarPeriod, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force

pytestmark = pytest.mark.django_db
NOW = make.NOW + timedelta(minutes=20)
HOUR = timedelta(hours=1)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


@pytest.fixture
def computers() -> list[Device]:
    """Thirty each of two models, at two schools; the latest was heard from just now."""
    make.municipality()
    models, schools = [make.hardware_model() for _ in range(2)], [make.school() for _ in range(2)]
    return [
        make.device(
            schools[place % 2], hardware_model=models[place // 30], last_check_in_at=NOW - place * timedelta(minutes=5)
        )
        for place in range(60)
    ]


def version(**columns: Any) -> AppVersion:
    return make.app_version(make.application(), **{"size_bytes": 100_000_000, **columns})


def asked(subject: ChangeSet | Proposal, admin: User, seed: int = 1, now: Any = NOW) -> Simulation:
    row = simulations.ask(subject, seed, by=admin, now=now)
    simulations.run(row.pk)
    row.refresh_from_db()
    return row


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def test_change_is_played_to_its_end_and_changes_nothing(admin: User, computers: list[Device]) -> None:
    change = approved_change(computers, version())

    row = asked(change, admin)

    at_end = row.result["at_end"]
    assert (row.status, row.result["computers"], at_end["done"] + at_end["failed"]) == ("done", 60, 60)
    assert at_end["done"] > 50
    assert sum(school["bytes"] for school in row.result["schools"]) == 60 * 100_000_000
    change.refresh_from_db()
    assert change.status == "approved"
    assert not change.changes.get().ring_uses.exists()


def test_same_question_is_answered_once_and_another_seed_is_another_question(
    admin: User, computers: list[Device]
) -> None:
    change = approved_change(computers, version())

    first, again, other = (asked(change, admin, seed) for seed in (1, 1, 2))

    assert first == again != other
    assert AuditEvent.objects.filter(act="simulation.asked").count() == 2


def test_line_that_becomes_another_makes_another_question(admin: User, computers: list[Device]) -> None:
    change = approved_change(computers, version(size_bytes=4_000_000_000))
    wide = asked(change, admin)
    school = computers[0].school
    assert school is not None
    school.line_mbit = 10
    school.save()

    narrow = asked(change, admin)

    assert wide != narrow
    waits = [{each["school"]: each["longest_wait"] for each in row.result["schools"]} for row in (wide, narrow)]
    assert waits[0][school.pk] < 2
    assert waits[1][school.pk] > 10


def test_proposal_is_played_on_the_computers_that_it_would_change(admin: User, computers: list[Device]) -> None:
    make.revision("active")
    school, new = computers[0].school, version()
    proposal = make_proposal(school, new, admin)

    row = asked(proposal, admin)

    assert row.result["computers"] == 30
    assert [each["school"] for each in row.result["schools"]] == [school.pk]  # type: ignore[union-attr]


def make_proposal(school: Any, new: AppVersion, by: User) -> Proposal:
    return Proposal.objects.create(
        baseline=make.baseline(),
        kind="add",
        application=new.application,
        profile=make.profile(school),
        intent="required",
        reason="Kursen behöver det.",
        proposed_by=by,
    )


def test_planned_roll_out_is_played_with_its_own_rings_and_day(admin: User, computers: list[Device]) -> None:
    change = approved_change(computers, version())
    starts_on = timezone.localdate(NOW) + timedelta(days=10)
    settings = Settings(shares=(50, 100), soak_hours=5, starts_on=starts_on)
    row = rollouts.plan_rollout(change, settings, by=admin, now=NOW)

    loaded = load(change, NOW)

    assert loaded.program.rings == dict(row.members.values_list("device", "ring__number"))
    assert loaded.program.rules.soak == 5 * HOUR
    assert timezone.localtime(loaded.starts_at).date() == starts_on


def test_school_in_a_freeze_begins_after_it(admin: User, computers: list[Device]) -> None:
    first, last = timezone.localdate(NOW), timezone.localdate(NOW) + timedelta(days=2)
    frozen, other = {each.school for each in computers}
    CalendarPeriod.objects.create(kind="freeze", name="Prov", starts_on=first, ends_on=last, school=frozen)

    program = load(approved_change(computers, version()), NOW).program

    assert program.opens(other.pk, 0.0) == 0.0  # type: ignore[union-attr]
    assert program.opens(frozen.pk, 0.0) > 48  # type: ignore[union-attr]


def test_history_of_a_model_decides_how_often_it_fails(admin: User, computers: list[Device]) -> None:
    older, newer = (version() for _ in range(2))
    AppVersion.objects.filter(pk=newer.pk).update(application=older.application)
    for each in computers:
        is_bad = each.hardware_model_id == computers[-1].hardware_model_id
        make.install_status(each, older, "failed" if is_bad and each.pk % 3 else "installed")
    newer.refresh_from_db()

    row = asked(approved_change(computers, newer), admin)

    causes = {cause["model"] for ring in row.result["rings"] for cause in ring["causes"]}
    assert row.result["stopped"] > 10
    assert causes == {computers[-1].hardware_model_id}


def test_what_has_begun_is_not_played(admin: User, computers: list[Device]) -> None:
    change = approved_change(computers, version())
    row = rollouts.plan_rollout(change, Settings(), by=admin, now=NOW)
    rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)
    change.refresh_from_db()

    with pytest.raises(ValidationError):
        simulations.ask(change, 1, by=admin, now=NOW)


def test_lost_message_is_made_up_for_and_old_answers_go(admin: User, computers: list[Device]) -> None:
    change, now = approved_change(computers, version()), timezone.now()
    lost = simulations.ask(change, 1, by=admin, now=now - timedelta(minutes=10))
    old = make.simulation(change, asked_at=now - timedelta(days=31), status="done")

    tend_simulations()

    lost.refresh_from_db()
    assert lost.status == "done"
    assert not Simulation.objects.filter(pk=old.pk).exists()


def test_one_that_cannot_be_played_says_so_and_may_be_asked_for_again(
    admin: User, computers: list[Device], caplog: pytest.LogCaptureFixture
) -> None:
    change = approved_change(computers, version())
    row = simulations.ask(change, 1, by=admin, now=NOW)
    Simulation.objects.filter(pk=row.pk).update(parameters={"starts_at": "never"})

    assert not simulations.run(row.pk)

    row.refresh_from_db()
    assert row.status == "failed"
    assert "could not be played" in caplog.text
    assert simulations.ask(change, 1, by=admin, now=NOW).status == "waiting"


def test_page_says_that_it_is_a_simulation_everywhere(admin: User, computers: list[Device]) -> None:
    row = asked(approved_change(computers, version()), admin)

    page = signed_in(admin).get(row.get_absolute_url()).content.decode()
    export = signed_in(admin).get(reverse("deployments:simulation_export", args=[row.pk, "csv"]))
    lines = b"".join(export).decode("utf-8-sig").splitlines()

    assert "<title>Simulation" in page
    assert "This is a simulation." in page
    assert page.count("Simulation: ") >= 2  # the findings of both charts
    assert len(lines) > 1
    assert all(line.startswith("Simulation") for line in lines)


def test_hours_of_any_school_are_drawn_against_its_line(admin: User) -> None:
    wide, narrow = make.school("Bredskolan", line_mbit=1000), make.school("Smalskolan", line_mbit=50)
    everywhere = [make.device(school) for school in (wide, narrow) for _ in range(4)]
    row, client = asked(approved_change(everywhere, version()), admin), signed_in(admin)
    page = row.get_absolute_url()

    usual, chosen = client.get(page).context["story"], client.get(f"{page}?school={wide.pk}").context["story"]

    assert "Smalskolan" in usual.line_title
    assert "Bredskolan" in chosen.line_title
    assert chosen.line_title.startswith("Simulation: ")
    asked_for, carried, line = (series.values for series in chosen.line.series)
    of_school = next(each for each in chosen.schools if each.school == wide)
    assert set(line) == {1000}
    assert max(asked_for) == of_school.asked > 0
    assert all(got <= 1000 for got in carried)
    assert f'href="?school={wide.pk}#line-heading"' in client.get(page).content.decode()
    for unknown in ("0", "x", str(make.school().pk)):
        assert client.get(f"{page}?school={unknown}").context["story"].line_title == usual.line_title


def test_page_waits_and_then_fetches_itself_anew(admin: User, computers: list[Device]) -> None:
    client = signed_in(admin)
    row = simulations.ask(approved_change(computers, version()), 1, by=admin, now=NOW)

    waiting = client.get(row.get_absolute_url())
    simulations.run(row.pk)
    over = client.get(row.get_absolute_url(), headers={"HX-Request": "true"})

    assert "every 2s" in waiting.content.decode()
    assert over["HX-Refresh"] == "true"


def test_button_plays_a_change_and_leads_to_the_answer(
    admin: User, computers: list[Device], django_capture_on_commit_callbacks: Any
) -> None:
    change, client = approved_change(computers, version()), signed_in(admin)

    shown = client.get(reverse("intune_sync:change_set", args=[change.pk])).content.decode()
    answer = client.post(reverse("deployments:simulate_change", args=[change.pk]), {"seed": "7"})

    assert reverse("deployments:simulate_change", args=[change.pk]) in shown
    assert answer.status_code == 302
    assert answer["Location"] == Simulation.objects.get(seed=7).get_absolute_url()


def test_schools_people_see_no_simulation(admin: User, computers: list[Device]) -> None:
    row = asked(approved_change(computers, version()), admin)

    answer = signed_in(make.person("school_it", computers[0].school)).get(row.get_absolute_url())

    assert answer.status_code == 404


def test_page_with_many_schools_takes_few_queries(admin: User, computers: list[Device]) -> None:
    everywhere = computers + [make.device(make.school()) for _ in range(20)]
    client, row = signed_in(admin), asked(approved_change(everywhere, version()), admin)

    with CaptureQueriesContext(connection) as seen:
        page = client.get(row.get_absolute_url())

    assert len(page.context["story"].schools) == 22
    assert len(seen) <= 12


def test_script_asks_for_one_and_reads_it(admin: User, computers: list[Device]) -> None:
    change, client = approved_change(computers, version()), Client()
    headers = {"Authorization": f"Bearer {make.api_token(admin)}"}
    body = {"change_set": change.pk, "seed": 3}

    made = client.post("/api/v1/simulations/", body, content_type="application/json", headers=headers)
    simulations.run(made.json()["id"])
    read = client.get(f"/api/v1/simulations/{made.json()['id']}/", headers=headers).json()
    neither = client.post("/api/v1/simulations/", {}, content_type="application/json", headers=headers)

    assert made.status_code == 201
    assert (read["is_simulation"], read["status"], read["result"]["computers"]) == (True, "done", 60)
    assert neither.status_code == 400
