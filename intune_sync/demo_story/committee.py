"""The demo's committee: its seats, last term's meeting with signed minutes, and the coming term's in three weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from deployments.models import (
    AgendaItem,
    Application,
    Baseline,
    BaselineEntry,
    BaselineRevision,
    Delegation,
    Meeting,
    Proposal,
    Seat,
    Semester,
    SoftwareProfile,
)
from deployments.services import deliberation, proposals
from deployments.services.delegations import delegate
from deployments.services.meetings import call_meeting, change_meeting, open_meeting
from deployments.services.minutes import close_meeting, sign
from deployments.services.profiles import profile_of
from deployments.services.seats import put_seat
from deployments.services.semesters import change_dates, open_semester
from schools.models import Administration, Municipality, SchoolForm, User

SEATS = [
    ("It-pedagog, gymnasiet", "GYF", "gunilla"),
    ("Rektor, gymnasiet", "GYF", ""),
    ("It-pedagog, grundskolan", "BUF", "johan"),
    ("Specialpedagog, grundskolan", "BUF", "karin"),
    ("It-avdelningen", "", "bengt"),
]
"""Name, administration's code ("" speaks for all), user name of the holder ("" for a seat that nobody holds)."""
DELEGATED = "Program för nationella prov, och säkerhetsuppdateringar som inte kan vänta till nästa möte"


@dataclass(frozen=True)
class Told:
    """`container` is a school form's code, "" for the municipality."""

    kind: str
    application: str
    reason: str
    by: str
    container: str = ""
    days_ago: int = 1
    supported_by: tuple[str, ...] = ()
    comment: str = ""


LAST_TERM = Told(
    "add",
    "LEGO Education SPIKE",
    "Programmering i teknik för årskurs 4–6. Sex skolor har köpt robotarna.",
    "johan",
    "grundskola",
    days_ago=176,
)
COMING_TERM = [
    Told(
        "add",
        "MuseScore Studio",
        "Notskrift i musik från årskurs 4. Gratis, och eleverna kan fortsätta hemma.",
        "karin",
        "grundskola",
        days_ago=16,
        supported_by=("johan", "gunilla"),
        comment="Estetiska gymnasiet använder det redan, utan fel.",
    ),
    Told(
        "add",
        "Visual Studio Code",
        "Programmering 1 behöver en editor som fungerar likadant i hela kommunen.",
        "gunilla",
        "gymnasieskola",
        days_ago=11,
        supported_by=("bengt",),
    ),
    Told(
        "remove",
        "Mozilla Firefox",
        "Skolorna använder Chrome. Två webbläsare är dubbelt så mycket att uppdatera.",
        "anna",
        days_ago=6,
    ),
    Told(
        "remove",
        "VLC media player",
        "Webbläsaren spelar det mesta. Ett program mindre att uppdatera.",
        "bengt",
        days_ago=2,
    ),
]


def tell_last_meeting(now: datetime) -> None:
    """Before the schools' requests, which stand on the next agenda. Again does nothing."""
    present = _present()
    if present is None or Seat.objects.exists():
        return
    _fill_seats()
    _last_meeting(present, now)


def tell_coming_term(now: datetime) -> None:
    """Again does nothing."""
    present = _present()
    if present is None or Delegation.objects.exists():
        return
    _coming_term(present.semester, now)
    starts, ends = timezone.localdate(now), timezone.localdate(now) + timedelta(days=200)
    delegate(_person("gunilla"), DELEGATED, starts, ends, by=_person("anna"))


def _present() -> Baseline | None:
    return Baseline.objects.select_related("semester").order_by("semester__starts_on").first()


def _fill_seats() -> None:
    for name, code, holder in SEATS:
        administration = Administration.objects.get(code=code) if code else None
        person = _person(holder) if holder else None
        put_seat(None, name=name, administration=administration, holder=person, by=_person("anna"))


def _last_meeting(baseline: Baseline, now: datetime) -> None:
    """One proposal that the committee postponed against one vote: it stands on the next agenda."""
    made = _propose(baseline, LAST_TERM, baseline.semester.starts_on, now)
    starts_at = now - timedelta(days=160)
    meeting = call_meeting(
        baseline,
        starts_at=starts_at,
        place="Stadshuset, rum Rönnen",
        chair=_person("gunilla"),
        secretary=_person("anna"),
        by=_person("anna"),
        now=starts_at,
    )
    change_meeting(meeting, _person("anna"), registration_number="GYF 2026/117")
    meeting = open_meeting(meeting, Seat.objects.filter(holder__isnull=False), _person("gunilla"), starts_at)
    for item in meeting.items.select_related("proposal"):
        _discuss(meeting, item, starts_at, postponed=item.proposal == made)
    meeting = close_meeting(meeting, _person("gunilla"), starts_at + timedelta(minutes=55))
    for days, name in enumerate(("gunilla", "karin"), start=2):
        sign(meeting, meeting.minutes_hash, _person(name), starts_at + timedelta(days=days))


def _discuss(meeting: Meeting, row: AgendaItem, at: datetime, *, postponed: bool) -> None:
    if not postponed:
        deliberation.decide(row, "noted", row.edition, _person("gunilla"), at)
        return
    note = "Gruppen vill se vad licenserna kostar när fler skolor köper robotarna, och tar upp frågan igen."
    row = deliberation.write_note(row, note, row.edition, _person("anna"))
    for seat in meeting.present.select_related("holder"):
        choice = "for" if seat.holder == _person("johan") else "against"
        deliberation.vote(row, seat, choice, _person("anna"))
    row = deliberation.decide(row, "tabled", row.edition, _person("gunilla"), at)
    seat = meeting.present.get(holder=_person("johan"))
    deliberation.reserve(row, seat, "Skolorna har redan köpt robotarna och väntar på programmet.", _person("johan"))


def _coming_term(present: Semester, now: datetime) -> None:
    today = timezone.localdate(now)
    baseline = Baseline.objects.filter(semester__starts_on__gt=present.starts_on).first() or _next(present)
    change_dates(
        baseline,
        by=_person("anna"),
        proposals_open_on=today - timedelta(days=35),
        freeze_on=today + timedelta(days=14),
        meeting_on=today + timedelta(days=21),
        publish_on=today + timedelta(days=35),
        review_on=today + timedelta(days=150),
    )
    for told in COMING_TERM:
        _propose(baseline, told, today, now)
    meets = timezone.localtime(now + timedelta(days=21)).replace(hour=13, minute=0, second=0, microsecond=0)
    call_meeting(
        baseline,
        starts_at=meets,
        place="Stadshuset, rum Rönnen",
        chair=_person("gunilla"),
        secretary=_person("anna"),
        by=_person("anna"),
        now=now,
    )


def _next(present: Semester) -> Baseline:
    """The semester after this one."""
    if present.term == Semester.Term.HT:
        dates = date(present.year + 1, 1, 1), date(present.year + 1, 6, 30)
        return open_semester(present.year + 1, Semester.Term.VT, *dates, by=_person("anna"))
    dates = date(present.year, 7, 1), date(present.year, 12, 31)
    return open_semester(present.year, Semester.Term.HT, *dates, by=_person("anna"))


def _propose(baseline: Baseline, told: Told, on: date, now: datetime) -> Proposal | None:
    """None where the tenant has no such application, or nobody has what is to be removed."""
    application = Application.objects.filter(name=told.application, versions__isnull=False).first()
    if application is None:
        return None
    container = _container(told, application)
    if container is None:
        return None
    made = proposals.propose(
        baseline,
        kind=told.kind,
        application=application,
        profile=container,
        intent="" if told.kind == "remove" else "required",
        reason=told.reason,
        by=_person(told.by),
        on=on,
    )
    made.created_at = now - timedelta(days=told.days_ago)
    made.save(update_fields=["created_at"])
    for name in told.supported_by:
        proposals.support(made, _person(name))
    if told.comment:
        proposals.comment(made, told.comment, _person("gunilla"))
    heard_at = min(now, made.created_at + timedelta(days=1))
    made.supporters.update(at=heard_at)
    made.comments.update(at=heard_at)
    return made


def _container(told: Told, application: Application) -> SoftwareProfile | None:
    """Where it is now, for a removal; else as told."""
    if told.kind == "remove":
        given = BaselineEntry.objects.filter(
            revision__status=BaselineRevision.Status.ACTIVE, application=application, action="add"
        )
        entry = given.select_related("profile").first()
        return entry.profile if entry else None
    if told.container:
        return profile_of(SchoolForm.objects.get(code=told.container))
    return profile_of(Municipality.objects.get())


def _person(username: str) -> User:
    return User.objects.get(username=username)
