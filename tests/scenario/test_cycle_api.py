"""A whole cycle by the API, from one term's state in force to the next, with Microsoft's side played for real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments.committee.minutes import canonical, minutes_hash
from deployments.models import Delegation, Seat
from schools.audit import verify
from schools.models import AuditEvent, Notification, School
from schools.models import Municipality as MunicipalityRow
from schools.notifications.outbox import write_mails
from tests.scenario.conftest import Begin, Municipality

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_whole_cycle_from_one_term_to_the_next_whose_minutes_are_the_same_when_all_is_done_again(
    begin: Begin,
) -> None:
    with begin() as municipality:
        installed, refused, meeting = a_term_up_to_its_signed_minutes(municipality)
        first = minutes(municipality, meeting)
        an_amendment_in_between(municipality)
        the_revision_is_published(municipality, meeting)
        one_decision_is_taken_back(municipality)
        everybody_was_told_and_all_is_in_the_trail(municipality, installed, refused)

    with begin(backwards=True) as municipality:
        _installed, _refused, again = a_term_up_to_its_signed_minutes(municipality)
        second = minutes(municipality, again)

    assert again != meeting
    assert second.text == first.text
    assert second.checksum == first.checksum
    assert second.pdf == first.pdf


def a_term_up_to_its_signed_minutes(of: Municipality) -> tuple[int, int, int]:
    """Keys of a request that was installed, of one that was refused, and of the meeting."""
    installed = a_request_is_approved_and_installed(of)
    refused = another_schools_request_is_refused(of)
    proposals = three_roles_propose(of)
    of.clock.stop()
    meeting = the_committee_meets(of, proposals)
    the_minutes_are_signed_and_stay_as_they_are(of, meeting)
    of.clock.go_on()
    return installed, refused, meeting


@dataclass(frozen=True)
class Minutes:
    """`text` is the frozen data, as canonical JSON."""

    text: str
    checksum: str
    pdf: bytes


def minutes(of: Municipality, meeting: int) -> Minutes:
    seen = of["ivar"].get(f"meetings/{meeting}/")
    return Minutes(
        canonical(seen["minutes"]), seen["minutes_hash"], of["ivar"].read(f"/meetings/{meeting}/minutes.pdf")
    )


def a_request_is_approved_and_installed(of: Municipality) -> int:
    """Teacher, approver, two computers, *Fungerar*, the rest; no IT administrator touches it."""
    request = ask(of, "filip", "GY-RONN", "GeoGebra Klassisk 6", "Geometri i matematik 2")
    assert of["cecilia"].post(f"requests/{request}/approve/")["status"] == "planned"
    of.carry_out()
    of.live()
    assert of["filip"].get(f"requests/{request}/")["status"] == "pilot"

    of["filip"].post(f"requests/{request}/works/")
    of.carry_out()
    of.live()

    done = of["filip"].get(f"requests/{request}/")
    passed = [step["status"] for step in done["steps"]]
    assert passed == ["draft", "school", "planned", "pilot", "installing", "done"]
    assert done["approved_by"] == "cecilia"
    group = School.objects.get(group_tag="GY-RONN").entra_group_id
    assert str(group) in str(of.assigned("GeoGebra Klassisk 6"))
    return request


def another_schools_request_is_refused(of: Municipality) -> int:
    request = ask(of, "tove", "GY-TEKN", "GIMP", "Bildkursen vill ha det")
    of["rickard"].post(f"requests/{request}/refuse/", expect=400, reason="")

    of["rickard"].post(f"requests/{request}/refuse/", reason="Krita räcker för kursen.")

    seen = of["tove"].get(f"requests/{request}/")
    assert (seen["status"], seen["reason"]) == ("refused", "Krita räcker för kursen.")
    assert of["filip"].get("requests/")["results"][0]["id"] != request
    return request


def three_roles_propose(of: Municipality) -> dict[str, int]:
    """A member, IT, and a school whose request is raised to a proposal for everybody."""
    everybody = MunicipalityRow.objects.get().pk
    form = School.objects.get(group_tag="GY-RONN").school_form_id
    member = of["gunilla"].post(
        "proposals/",
        expect=201,
        baseline=of.coming.pk,
        kind="add",
        application=of.application("Inkscape").pk,
        level="school_form",
        container=form,
        reason="Bildkurserna ritar vektorgrafik.",
    )
    it = of["anna"].post(
        "proposals/",
        expect=201,
        baseline=of.coming.pk,
        kind="remove",
        application=of.application("VLC media player").pk,
        level="municipality",
        container=everybody,
        reason="Datorernas egen spelare räcker.",
    )
    asked = ask(of, "tove", "GY-TEKN", "MuseScore Studio", "Noter i musikkursen")
    of["bengt"].press(f"/requests/{asked}/raise/")
    raised = next(row for row in of["bengt"].get("proposals/")["results"] if row["raised_from"] == asked)
    of["petra"].post(f"proposals/{member['id']}/support/")
    of["petra"].post(f"proposals/{member['id']}/comment/", text="Grundskolan väntar gärna ett år.")
    return {"Inkscape": member["id"], "VLC media player": it["id"], "MuseScore Studio": raised["id"]}


def the_committee_meets(of: Municipality, proposals: dict[str, int]) -> int:
    """Quorum is asked for, a dissent is written down, and one item is lost by the votes."""
    meeting = of["bengt"].post(
        "meetings/",
        expect=201,
        baseline=of.coming.pk,
        starts_at=timezone.now().isoformat(),
        place="Stadshuset, rum 3",
        chair="gunilla",
        secretary="bengt",
    )
    items = {item["proposal"]: item for item in meeting["items"] if item["proposal"]}
    assert set(items) == set(proposals.values())
    address, seats = f"meetings/{meeting['id']}", seats_of("gunilla", "oskar", "petra")
    of["gunilla"].post(f"{address}/open/", present=[seats["gunilla"]])
    lonely = f"{address}/items/{items[proposals['Inkscape']]['id']}/outcome/"
    of["gunilla"].post(lonely, expect=400, outcome="granted", edition=0)
    of["gunilla"].post(f"{address}/present/", present=list(seats.values()))

    ballots = {
        "Inkscape": (("for", "against", "for"), "granted"),
        "VLC media player": (("for", "for", "for"), "granted"),
        "MuseScore Studio": (("against", "against", "for"), "rejected"),
    }
    for name, (choices, outcome) in ballots.items():
        item = f"{address}/items/{items[proposals[name]]['id']}"
        for username, choice in zip(seats, choices, strict=True):
            of[username].post(f"{item}/vote/", seat=seats[username], choice=choice)
        against = {"granted": "rejected", "rejected": "granted"}[outcome]
        edition = of["bengt"].post(f"{item}/note/", note=f"Om {name}.", edition=0)
        edition = next(row["edition"] for row in edition["items"] if row["proposal"] == proposals[name])
        of["gunilla"].post(f"{item}/outcome/", expect=400, outcome=against, edition=edition)
        of["gunilla"].post(f"{item}/outcome/", expect=409, outcome=outcome, edition=edition - 1)
        of["gunilla"].post(f"{item}/outcome/", outcome=outcome, edition=edition)
    dissent = f"{address}/items/{items[proposals['Inkscape']]['id']}/reserve/"
    of["oskar"].post(dissent, seat=seats["oskar"], reservation="Programmet saknar support.")
    note_the_rest(of, meeting["id"])
    closed = of["gunilla"].post(f"{address}/close/")
    assert closed["status"] == "closed"
    return int(meeting["id"])


def note_the_rest(of: Municipality, meeting: int) -> None:
    """What came onto the agenda by itself: decisions since last time, applications to look at."""
    items = [item for item in of["gunilla"].get(f"meetings/{meeting}/")["items"] if not item["outcome"]]
    assert any("GeoGebra" in item["title"] for item in items if item["kind"] == "information")
    for item in items:
        of["gunilla"].post(f"meetings/{meeting}/items/{item['id']}/outcome/", outcome="noted", edition=item["edition"])


def the_minutes_are_signed_and_stay_as_they_are(of: Municipality, meeting: int) -> None:
    address, seen = f"meetings/{meeting}", of["oskar"].get(f"meetings/{meeting}/")
    of["bengt"].post(f"{address}/sign/", expect=403, minutes_hash=seen["minutes_hash"])
    of["oskar"].post(f"{address}/sign/", expect=409, minutes_hash="0" * 64)
    first = of["ivar"].read(f"/meetings/{meeting}/minutes.pdf")

    of["oskar"].post(f"{address}/sign/", minutes_hash=seen["minutes_hash"])
    signed = of["petra"].post(f"{address}/sign/", minutes_hash=seen["minutes_hash"])

    said = signed["minutes"]
    assert (signed["status"], signed["signed_by"]) == ("signed", ["oskar", "petra"])
    assert (said["chair"], said["place"]) == ("Gunilla Hage", "Stadshuset, rum 3")
    assert [seat["person"] for seat in said["present"]] == ["Gunilla Hage", "Oskar", "Petra"]
    text = str(said)
    assert "Programmet saknar support." in text
    assert all(name in text for name in ("Inkscape", "VLC media player", "MuseScore Studio", "Om Inkscape."))
    assert signed["minutes_hash"] == seen["minutes_hash"] == minutes_hash(said)
    second, third = (of[who].read(f"/meetings/{meeting}/minutes.pdf") for who in ("ivar", "petra"))
    assert first.startswith(b"%PDF-")
    assert second == third


def an_amendment_in_between(of: Municipality) -> None:
    """Oskar may decide on small things between meetings, and does; the portal writes it to Intune by itself."""
    today = timezone.localdate()
    school = School.objects.get(group_tag="GY-TEKN")
    delegation = Delegation.objects.create(
        user=of["oskar"].user, text="Enstaka skolor", starts_on=today, ends_on=today + timedelta(days=30)
    )
    proposal = of["anna"].post(
        "proposals/",
        expect=201,
        baseline=of.coming.pk,
        kind="add",
        application=of.application("Arduino IDE").pk,
        level="school",
        container=school.pk,
        reason="Elkretsarna börjar i januari.",
    )
    of["oskar"].press(
        f"/meetings/delegations/{delegation.pk}/decide/",
        proposal=proposal["id"],
        reason="Kursen börjar innan nästa möte.",
    )
    of.carry_out()

    assert str(school.entra_group_id) in str(of.assigned("Arduino IDE"))
    assert of["anna"].get(f"proposals/{proposal['id']}/")["status"] == "granted"


def the_revision_is_published(of: Municipality, meeting: int) -> None:
    revision = of["anna"].get(f"meetings/{meeting}/")["revision"]
    assert of["anna"].get(f"revisions/{revision}/")["status"] == "decided"
    change = of["anna"].post(f"revisions/{revision}/publish/", expect=201)

    written = approve_and_write(of, change["id"])

    active = of["anna"].get(f"revisions/{revision}/")
    assert (written["status"], active["status"], active["baseline"]) == ("applied", "active", of.coming.pk)
    assert of.assigned("Inkscape")
    assert not [raw for raw in of.assigned("VLC media player") if raw["intent"] == "required"]
    assert of.assigned("Arduino IDE")
    assert of.assigned("GeoGebra Klassisk 6")


def one_decision_is_taken_back(of: Municipality) -> None:
    decisions = of["anna"].get("decisions/", kind="meeting")["results"]
    decision = next(row["id"] for row in decisions if "Inkscape" in row["text"])
    draft = of["anna"].post(f"decisions/{decision}/take-back/", expect=201, reason="Avtalet gick inte att teckna.")
    change = of["anna"].post(f"revisions/{draft['id']}/propose/", expect=201, reason="Avtalet gick inte att teckna.")

    assert approve_and_write(of, change["id"])["status"] == "applied"

    assert of.assigned("Inkscape") == []
    assert of.assigned("Arduino IDE")
    assert not [raw for raw in of.assigned("VLC media player") if raw["intent"] == "required"]


def everybody_was_told_and_all_is_in_the_trail(of: Municipality, installed: int, refused: int) -> None:
    heard = {row.kind for row in Notification.objects.filter(user=of["filip"].user)}
    assert {"request.granted", "request.pilot", "request.done"} <= heard
    assert [row["kind"] for row in of["tove"].get("notifications/")["results"]].count("request.refused") == 1
    assert {"minutes.to_sign"} <= {row["kind"] for row in of["oskar"].get("notifications/")["results"]}
    assert write_mails(timezone.now() + timedelta(days=1)) > 0
    acts = set(AuditEvent.objects.values_list("act", flat=True))
    assert {
        "request.refused",
        "meeting.item_decided",
        "minutes.signed",
        "decision.delegated",
        "decision.taken_back",
    } <= acts
    assert verify().holds


def ask(of: Municipality, username: str, tag: str, application: str, purpose: str) -> int:
    school = School.objects.get(group_tag=tag)
    drafted = of[username].post(
        "requests/",
        expect=201,
        school=school.pk,
        application=of.application(application).pk,
        purpose=purpose,
        needed_by=(timezone.localdate() + timedelta(days=30)).isoformat(),
    )
    return int(of[username].post(f"requests/{drafted['id']}/submit/")["id"])


def approve_and_write(of: Municipality, change: int) -> dict[str, Any]:
    """Anna previews and writes it; Bengt approves exactly that plan, and agrees that all get it at once."""
    of["anna"].post(f"change-sets/{change}/preview/")
    planned = of["anna"].get(f"change-sets/{change}/")
    of["anna"].post(f"change-sets/{change}/approve/", expect=400, plan_hash=planned["plan_hash"])
    of["bengt"].post(f"change-sets/{change}/approve/", plan_hash=planned["plan_hash"])
    if not of["anna"].get(f"change-sets/{change}/")["at_once"]["is_free"]:
        refused = of["anna"].post(f"change-sets/{change}/apply/", expect=400)
        assert refused["code"] == "not_at_once"
        of["anna"].post(f"change-sets/{change}/override/", reason="Terminen börjar i morgon.")
        of["anna"].post(f"change-sets/{change}/override/approve/", expect=400)
        of["bengt"].post(f"change-sets/{change}/override/approve/")
    of["anna"].post(f"change-sets/{change}/apply/", expect=202)
    of.carry_out()
    return dict(of["anna"].get(f"change-sets/{change}/"))


def seats_of(*usernames: str) -> dict[str, int]:
    return {
        seat.holder.username: seat.pk for seat in Seat.objects.filter(holder__username__in=usernames) if seat.holder
    }
