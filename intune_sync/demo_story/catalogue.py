"""The demo's catalogue: subjects, grades, owners, vetting cards, licences and capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from deployments.models import Application, Capability, LicencePool
from deployments.services.capabilities import put_capability_card
from deployments.services.catalogue import describe, put_pool, state_needs, subjects_named, vet
from schools.models import School, User

FREE = "Gratis"
ON_THE_COMPUTER = {
    "personal_data": "none",
    "agreement": "not_needed",
    "assessment": "not_needed",
    "minimum_age": 0,
    "data_region": "device",
    "cost_note": FREE,
}
WITH_ACCOUNTS = {
    "personal_data": "account",
    "agreement": "signed",
    "assessment": "done",
    "minimum_age": 0,
    "data_region": "eu",
}


@dataclass(frozen=True)
class Told:
    """`card` is None for an application that nobody has vetted; `days` are left until its last day."""

    subjects: str
    grades: tuple[int, int] | None
    card: Mapping[str, Any] | None
    days: int = 500


def _local(accessibility: str = "partly") -> dict[str, Any]:
    return {**ON_THE_COMPUTER, "accessibility": accessibility}


def _accounts(reference: str, cost: str, accessibility: str = "meets", **other: Any) -> dict[str, Any]:
    card = {**WITH_ACCOUNTS, "agreement_reference": reference, "cost_note": cost, "accessibility": accessibility}
    return {**card, **other}


APPLICATIONS = {
    "Microsoft 365-appar för företag": Told(
        "Svenska, Engelska, Samhällskunskap", (0, 12), _accounts("KS 2025/113", "Ingår i kommunens avtal")
    ),
    "Microsoft 365": Told(
        "Svenska, Engelska, Samhällskunskap", (0, 12), _accounts("KS 2025/113", "Ingår i kommunens avtal")
    ),
    "Microsoft Teams": Told("", (4, 12), _accounts("KS 2025/113", "Ingår i kommunens avtal")),
    "Google Chrome": Told("", (0, 12), _local("meets")),
    "7-Zip": Told("Teknik", (7, 12), _local()),
    "VLC media player": Told("Bild, Musik", (0, 12), _local()),
    "Mozilla Firefox": Told("", (0, 9), _local("meets")),
    "Safe Exam Browser": Told("Svenska, Engelska, Matematik", (10, 12), _local()),
    "Audacity": Told("Musik, Moderna språk", (4, 12), _local(), 45),
    "Scratch 3": Told("Matematik, Teknik", (1, 6), _local()),
    "Stava Rex och SpellRight": Told("Svenska, Engelska", (1, 12), _local("meets"), 380),
    "Autodesk Fusion": Told(
        "Teknik", (10, 12), _accounts("GYF 2026/41", "Utbildningslicens, gratis", "fails", data_region="outside"), 210
    ),
    "Python 3": Told("Matematik, Teknik, Naturkunskap", (7, 12), _local()),
    "GeoGebra Klassisk 6": Told("Matematik", (4, 12), _local("meets")),
    "GIMP": Told("Bild", (7, 12), _local()),
    "Inkscape": Told("Bild, Slöjd", (7, 12), _local(), -20),
    "Visual Studio Code": Told("Teknik", (7, 12), _local("meets")),
    "Arduino IDE": Told("Teknik, Fysik", (7, 12), {**ON_THE_COMPUTER, "accessibility": ""}),
    "MuseScore Studio": Told("Musik", (4, 12), _local()),
    "LEGO Education SPIKE": Told("Teknik", (4, 9), _accounts("BUF 2026/88", "Följer med materialet", "partly")),
    "Adobe Acrobat Reader": Told("", (0, 12), _local("meets")),
    "Exam.net": Told("Svenska, Engelska, Matematik", (7, 12), _accounts("BUF 2025/210", "38 kr per elev")),
    "Inläsningstjänst ILT": Told("Svenska", (0, 12), _accounts("BUF 2025/14", "21 kr per elev")),
    "Lightbot: Kodtimmen": Told("Teknik, Matematik", (0, 3), None),
    "Widgit Online": Told(
        "Svenska", (0, 9), {**WITH_ACCOUNTS, "agreement": "missing", "accessibility": "meets", "cost_note": "79 kr"}
    ),
}


@dataclass(frozen=True)
class Pool:
    """`school` is a group tag, "" for all schools; the seats' cost a year in kronor."""

    application: str
    seats: int | None
    cost: int
    days: int
    school: str = ""
    note: str = ""


POOLS = [
    Pool("Microsoft 365-appar för företag", None, 1_940_000, 420, note="Kommunens avtal, alla datorer"),
    Pool("Stava Rex och SpellRight", 900, 54_000, 52),
    Pool("Autodesk Fusion", 400, 0, 210, school="GY-TEKN"),
    Pool("Exam.net", 6000, 228_000, 300),
    Pool("MuseScore Studio", None, 0, 900),
    Pool("LEGO Education SPIKE", 60, 12_500, 240),
]
NEEDS = {"Autodesk Fusion": (12_000, 8192), "LEGO Education SPIKE": (2_000, 4096), "Arduino IDE": (1_500, None)}
CAPABILITIES = {
    "Ordbehandling": ("Microsoft 365-appar för företag", "Microsoft 365"),
    "Dynamisk geometri": ("GeoGebra Klassisk 6", "GeoGebra Klassisk 6"),
    "Bildredigering": ("GIMP", None),
    "Mediespelare": ("VLC media player", None),
}
"""By name: the application on Windows and on macOS."""


def tell(now: datetime) -> None:
    """Does nothing where somebody has begun to keep the catalogue."""
    if LicencePool.objects.exists():
        return
    by, today = User.objects.get(username="anna"), timezone.localdate(now)
    catalogue = {application.name: application for application in Application.objects.all()}
    for name, told in APPLICATIONS.items():
        if name in catalogue:
            _describe(catalogue[name], told, by, now, today)
    for pool in POOLS:
        if pool.application in catalogue:
            _license(catalogue[pool.application], pool, by, today)
    for name, (disk, memory) in NEEDS.items():
        for version in catalogue[name].versions.all() if name in catalogue else ():
            values = {"minimum_disk_mb": disk, "minimum_memory_mb": memory, "minimum_os": version.minimum_os}
            state_needs(version, by=by, **values)
    for name, (windows, macos) in CAPABILITIES.items():
        chosen = {"windows": catalogue.get(windows), "macos": catalogue.get(macos or "")}
        put_capability_card(Capability(), name, chosen, by=by)


def _describe(application: Application, told: Told, by: User, now: datetime, today: date) -> None:
    first, last = told.grades or (None, None)
    subjects = subjects_named(told.subjects.split(","))
    describe(application, subjects, by=by, owner=by, first_grade=first, last_grade=last)
    if told.card is not None:
        vet(application, by=by, now=now, valid_until=today + timedelta(days=told.days), **told.card)


def _license(application: Application, told: Pool, by: User, today: date) -> None:
    school = School.objects.get(group_tag=told.school) if told.school else None
    put_pool(
        LicencePool(application=application),
        by=by,
        school=school,
        seats=told.seats,
        cost_per_year=Decimal(told.cost),
        ends_on=today + timedelta(days=told.days),
        note=told.note,
    )
