"""Nothing required starts in a freeze, in lessons or for many at once: by page, API, command or by itself."""

from __future__ import annotations

from datetime import date, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import CalendarOverride, ChangeSet
from deployments.models.moves import InvalidMove
from deployments.requests.progress import waits_until
from deployments.rollouts import at_once as reading
from deployments.services import at_once
from deployments.services.amendments import EntrySpec, amend
from deployments.services.profiles import profile_of
from intune_sync import services
from intune_sync.holds import explain
from intune_sync.models import AutomaticHold, Operation
from intune_sync.push import apply, automatic
from intune_sync.services import changes as writing
from schools.calendar import local_moment
from tests import factories
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.intune_sync.test_change_api import client_of, send
from tests.intune_sync.test_change_pages import page, signed_in, step
from tests.pushing import GEOGEBRA, Town, active_revision, decided

AFTER_LESSONS = local_moment(date(2027, 1, 11), time(16))


@pytest.fixture
def lessons(db: None) -> None:
    """From eight to four; NOW is nine o'clock on a Monday."""
    factories.period("term", "VT", starts_on=date(2027, 1, 7), ends_on=date(2027, 6, 11))
    for weekday in range(1, 6):
        factories.lesson_hours(weekday)


def freeze(**scope: Any) -> None:
    """Over NOW and over the clock on the wall, which pages go by."""
    days = sorted(timezone.localdate(moment) for moment in (NOW, timezone.now()))
    first, last = days[0] - timedelta(days=1), days[1] + timedelta(days=1)
    factories.period("freeze", "Nationella prov", starts_on=first, ends_on=last, **scope)


def agreed(town: Town, change_set: ChangeSet) -> None:
    at_once.ask(change_set, by=town.requester, reason="Säkerhetshål", now=NOW)
    at_once.agree(change_set, by=town.approver, now=NOW)


@pytest.mark.usefixtures("lessons")
def test_in_lessons_nothing_is_written_and_intune_is_not_asked(town: Town):
    change_set = town.approved(GEOGEBRA)
    asked = len(town.tenant.calls())

    with pytest.raises(at_once.NotAtOnce):
        services.apply_change_set(change_set, town.requester, NOW)

    assert (ChangeSet.objects.get().status, Operation.objects.count()) == ("approved", 0)
    assert len(town.tenant.calls()) == asked
    assert services.apply_change_set(change_set, town.requester, AFTER_LESSONS).status == "applying"


@pytest.mark.usefixtures("lessons")
def test_what_is_only_offered_goes_in_lessons(town: Town):
    assert town.started(GEOGEBRA, intent="available").status == "applying"


def test_more_than_may_get_it_at_once_do_not(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_AT_ONCE", 8)

    with pytest.raises(at_once.NotAtOnce, match="9"):
        town.started(GEOGEBRA)

    change_set = ChangeSet.objects.get()
    agreed(town, change_set)
    assert services.apply_change_set(change_set, town.requester, NOW).status == "applying"


def test_a_freeze_that_somebody_sets_while_intune_is_read_holds(town: Town, monkeypatch: pytest.MonkeyPatch):
    change_set, before = town.approved(GEOGEBRA), active_revision()
    read = writing.fresh_plan

    def read_slowly(*args: Any) -> Any:
        freeze()
        return read(*args)

    monkeypatch.setattr(writing, "fresh_plan", read_slowly)
    with pytest.raises(at_once.NotAtOnce):
        services.apply_change_set(change_set, town.requester, NOW)

    assert (ChangeSet.objects.get().status, active_revision()) == ("approved", before)


def test_two_people_let_it_through_and_a_second_click_does_nothing(town: Town):
    freeze()
    change_set = town.approved(GEOGEBRA)
    agreed(town, change_set)

    services.apply_change_set(change_set, town.requester, NOW)
    with pytest.raises(InvalidMove):
        services.apply_change_set(ChangeSet.objects.get(), town.requester, NOW)

    assert Operation.objects.count() == 1


@pytest.mark.usefixtures("lessons")
def test_a_schools_change_waits_for_the_end_of_lessons_and_goes_by_itself(town: Town):
    change_set = decided(town)

    assert automatic.carry(NOW) is None
    asked = len(town.tenant.calls())
    assert automatic.carry(NOW + timedelta(minutes=1)) is None

    change_set.refresh_from_db()
    assert (change_set.status, AutomaticHold.objects.exists()) == ("approved", False)
    assert len(town.tenant.calls()) == asked
    assert waits_until(change_set.decision.request, NOW) is None  # which another change carries
    change_set.requests.add(change_set.decision.request)
    assert waits_until(change_set.requests.get(), NOW) == AFTER_LESSONS
    automatic.carry(AFTER_LESSONS)
    apply.work(AFTER_LESSONS)
    change_set.refresh_from_db()
    assert change_set.status == "applied"


@pytest.mark.usefixtures("lessons")
def test_one_that_waits_for_lessons_holds_up_no_other(town: Town):
    waiting, other = decided(town), decided(town, "GIMP", at=town.schools["GY-TEKN"])
    factories.lesson_hours(1, time(17), time(18), school=town.schools["GY-TEKN"])

    started = automatic.carry(NOW)

    waiting.refresh_from_db()
    assert (started, waiting.status) == (other, "approved")


@pytest.mark.usefixtures("lessons")
def test_two_people_let_a_schools_change_go_in_lessons(town: Town):
    change_set = decided(town)
    automatic.carry(NOW)
    change_set.refresh_from_db()
    agreed(town, change_set)

    automatic.carry(NOW)

    change_set.refresh_from_db()
    assert change_set.status == "applying"


def test_what_a_delegate_decided_for_many_is_left_for_it(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_AT_ONCE", 8)
    application = vetted(town.version(GEOGEBRA).application)
    spec = EntrySpec(profile_of(town.gymnasium), application)
    change_set = amend([spec], factories.decision(factories.person("committee")), requested_by=town.requester)

    automatic.carry(NOW)

    hold = AutomaticHold.objects.get(change_set=change_set)
    assert (hold.reason, hold.reason_data["count"]) == ("too_many", 9)
    assert "9" in explain(hold.reason, hold.reason_data)
    assert town.tenant.writes() == []


def test_the_page_says_when_a_schools_change_goes_by_itself(town: Town):
    freeze()
    change_set = decided(town)
    automatic.carry(NOW)

    school = signed_in(factories.person("school_it", town.schools["GY-RONN"]))

    assert "It goes to Intune by itself" in page(signed_in(town.requester), change_set)
    assert "It goes to Intune by itself" in page(school, change_set)


def test_the_page_leads_to_a_roll_out_and_two_people_to_the_button(town: Town):
    freeze()
    change_set = town.approved(GEOGEBRA)
    one, other = signed_in(town.requester), signed_in(town.approver)

    shown = page(one, change_set)
    assert "“Nationella prov” goes on at" in shown
    assert shown.index("Plan the roll-out") < shown.index("Ask that it may be written at once all the same")
    assert "/apply/" not in shown
    assert "Lessons" not in step(one, change_set, "apply")
    assert ChangeSet.objects.get().status == "approved"

    assert "Another IT administrator has to approve it." in ask(one, change_set, "ask_change_override")
    assert "somebody else has to approve it" in ask(one, change_set, "approve_change_override")
    assert "It takes your approval." in page(other, change_set)
    ask(other, change_set, "approve_change_override")

    assert "/apply/" in page(one, change_set)
    step(one, change_set, "apply")
    assert ChangeSet.objects.get().status == "applying"
    assert "asked that it may be written at once." in page(one, change_set)


def ask(client: Client, change_set: ChangeSet, name: str) -> str:
    url = reverse(f"intune_sync:{name}", args=[change_set.pk])
    return client.post(url, {"reason": "Säkerhetshål"}, follow=True).content.decode()


def test_the_preview_names_a_freeze_and_is_not_held_up_by_it(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))
    freeze(school=town.schools["GY-TEKN"])

    said = "“Nationella prov” goes on at Gy-Tekn until"
    assert said in page(signed_in(town.approver), change_set)
    seen = client_of(town.approver).get(f"/api/v1/change-sets/{change_set.pk}/plan/").json()
    assert [row["blocking"] for row in seen["warnings"] if row["text"].startswith(said)] == [False]
    assert "Nationella prov" not in str(ChangeSet.objects.get().plan)
    assert town.approve(change_set).status == "approved"


def test_scripts_read_what_is_against_it_and_make_the_exception(town: Town):
    freeze()
    factories.period("break", "Lov", starts_on=timezone.localdate() + timedelta(days=7))
    change_set = town.approved(GEOGEBRA)
    address = f"/api/v1/change-sets/{change_set.pk}/"

    seen = client_of(town.requester).get(address).json()
    assert (seen["at_once"]["is_free"], seen["at_once"]["is_large"], seen["at_once"]["computers"]) == (False, False, 9)
    assert {row["kind"] for row in seen["at_once"]["schools"]} == {"freeze"}
    assert seen["suggested_break"] is not None
    refused = send(town.requester, change_set, "apply")
    assert (refused.status_code, refused.json()["code"]) == (400, "not_at_once")

    assert send(town.requester, change_set, "override", {"reason": "Säkerhetshål"}).status_code == 200
    assert send(town.requester, change_set, "override/approve").status_code == 400
    assert send(town.approver, change_set, "override/approve").json()["approved_by"] == town.approver.username

    seen = client_of(town.requester).get(address).json()["at_once"]
    assert (seen["is_free"], seen["override"]["requested_by"]) == (True, town.requester.username)
    assert send(town.requester, change_set, "apply").status_code == 202


def test_schools_see_nothing_of_what_holds_others_up(town: Town):
    freeze()
    change_set = town.approved(GEOGEBRA)
    person = factories.person("school_it", town.schools["GY-RONN"])

    seen = client_of(person).get(f"/api/v1/change-sets/{change_set.pk}/").json()

    assert (seen["at_once"], seen["suggested_break"]) == (None, None)
    assert "Gy-Tekn" not in page(signed_in(person), change_set)
    for command in ("override", "override/approve"):
        assert send(person, change_set, command, {"reason": "Bråttom"}).status_code == 403
    stranger = factories.person("school_it", town.schools["AG-FURU"])
    assert send(stranger, change_set, "override", {"reason": "Bråttom"}).status_code == 404
    assert not CalendarOverride.objects.exists()


def test_the_command_is_refused_too(town: Town):
    freeze()
    change_set = town.approved(GEOGEBRA)

    with pytest.raises(CommandError, match="Plan a roll-out") as refused:
        call_command("apply", str(change_set.pk), stdout=StringIO())

    assert refused.value.returncode == 2
    assert ChangeSet.objects.get().status == "approved"
