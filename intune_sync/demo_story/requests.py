"""What the demo's schools have asked for: a request in every state, each brought there by its own people's acts.

What is granted goes on when the workers run: the engine writes it, computers install it, and within minutes one is
being tried, one is being installed and one is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from deployments.models import Application, AppRequest
from deployments.requests.scope import PILOT_COMPUTERS
from deployments.services import requests
from deployments.services.class_groups import add_class_group, put_in
from deployments.services.requests import Wish
from fleet.models import Device, Platform
from schools.models import ClassGroup, School, User

RONN, TEKN, NORR = "GY-RONN", "GY-TEKN", "GR-NORR"
APPROVERS = {RONN: "cecilia", TEKN: "lars", NORR: "mona"}
ART_ROOM = "Bildsalen"


@dataclass(frozen=True)
class Told:
    """A wish and what became of it. `weeks` is how long ago it was sent; the acts come a day apart."""

    by: str
    school: str
    what: str
    purpose: str
    weeks: int
    group: str = ""
    acts: tuple[Callable[[AppRequest, datetime], object], ...] = ()


def _approves(row: AppRequest, now: datetime) -> None:
    requests.approve(row, _approver(row), now)


def _refuses(row: AppRequest, now: datetime) -> None:
    reason = "Vi har redan GIMP, som täcker samma behov och är granskat."
    requests.refuse(row, _approver(row), reason, now)


def _withdraws(row: AppRequest, now: datetime) -> None:
    requests.withdraw(row, row.requested_by, "Momentet flyttas till nästa läsår.", now)


def _skips(row: AppRequest, now: datetime) -> None:
    requests.skip_pilot(row, row.requested_by, "Årskurs 9 har redan använt det på samma datorer.", now)


def _approver(row: AppRequest) -> User:
    return _person(APPROVERS[row.school.group_tag])


def _to_committee(row: AppRequest, now: datetime) -> None:
    requests.to_committee(row, _person("bengt"), "Flera gymnasieskolor frågar efter samma program.", now)


def _asks(row: AppRequest, now: datetime) -> None:
    requests.say(row, _person("cecilia"), "Räcker det att klass NA1 får det till att börja med?")
    requests.say(row, row.requested_by, "Nej, alla som läser fysik behöver det redan i februari.")


def _joins(row: AppRequest, now: datetime) -> None:
    main = AppRequest.objects.filter(wanted__startswith="Tracker", status="review").exclude(pk=row.pk).first()
    if main is not None:
        requests.merge(row, main, _person("anna"), now)


TOLD = [
    Told("filip", RONN, "Inkscape", "Vektorgrafik i kursen Bild och form", 9, acts=(_refuses,)),
    Told("david", RONN, "Widgit Online", "Bildstöd för elever i språkintroduktion", 7, acts=(_approves, _to_committee)),
    Told("filip", RONN, "Tracker Video Analysis", "Rörelseanalys i fysik 1", 5, acts=(_approves,)),
    Told("david", RONN, "Tracker för fysik", "Fysiklaborationer i NA2", 4, acts=(_approves, _joins)),
    Told("david", RONN, "Arduino IDE", "Programmering av styrkort i teknik 1", 3, acts=(_withdraws,)),
    Told("nils", NORR, "GIMP", "Bildbehandling i bildsalen", 1, ART_ROOM, acts=(_approves,)),
    Told("filip", RONN, "MuseScore Studio", "Notskrift i ensemble och musikteori", 0, acts=(_approves,)),
    Told("nils", NORR, "GeoGebra Klassisk 6", "Geometri i årskurs 8", 0, acts=(_approves, _skips)),
    Told("filip", RONN, "Python 3", "Dataanalys i matematik 3b och fysik 2", 0, acts=(_asks,)),
    Told("nils", NORR, "LEGO Education SPIKE", "Programmering av robotar i teknik", 0),
    Told("eva", TEKN, "Visual Studio Code", "Webbutveckling 1 för TE2", 2),
]
DRAFT = Told("filip", RONN, "Audacity", "Poddar i svenska 2", 0)


def tell(now: datetime) -> None:
    """Nothing where somebody has asked for anything already."""
    if AppRequest.objects.exists():
        return
    _furnish_the_art_room()
    for told in TOLD:
        _happened(told, now)
    _drafted(DRAFT, now)


def _furnish_the_art_room() -> None:
    """With so few computers that nobody needs to try on two of them first."""
    school, keeper = School.objects.get(group_tag=NORR), _person("anna")
    group = ClassGroup.objects.filter(school=school, name=ART_ROOM).first() or add_class_group(school, ART_ROOM, keeper)
    here = Device.objects.filter(school=school, platform=Platform.WINDOWS, intune_id__isnull=False, missing_since=None)
    latest = here.order_by("-last_check_in_at", "pk").values_list("pk", flat=True)
    put_in(group, latest[:PILOT_COMPUTERS], keeper)


def _happened(told: Told, now: datetime) -> None:
    sent_at = now - timedelta(weeks=told.weeks)
    row = requests.submit(_drafted(told, sent_at), _person(told.by), sent_at)
    for day, act in enumerate(told.acts, start=1):
        row.refresh_from_db()
        act(row, min(now, sent_at + timedelta(days=day)))


def _drafted(told: Told, now: datetime) -> AppRequest:
    person = _person(told.by)
    application = Application.objects.filter(name__iexact=told.what).first()
    school = School.objects.get(group_tag=told.school)
    wish = Wish(
        school=school,
        class_group=ClassGroup.objects.get(school=school, name=told.group) if told.group else None,
        purpose=told.purpose,
        needed_by=_needed(now),
        responsible_teacher=person,
        application=application,
        wanted="" if application else told.what,
    )
    return requests.draft(wish, person, now)


def _needed(now: datetime) -> date:
    return (now + timedelta(weeks=10)).date()


def _person(username: str) -> User:
    return User.objects.get(username=username)
