"""The demo municipality: its organisation and people, then the same first steps that a real tenant takes.

The organisation comes from the file that the Graph sandbox plays Microsoft's side from, so that both sides speak of the
same schools. Everything after that goes through the portal's ordinary services.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from deployments.models import AppVersion, Baseline, BaselineRevision, Semester
from deployments.services.semesters import open_semester
from intune_sync import runs
from intune_sync.models import IntuneApp, SyncRun
from intune_sync.services.adopt import adopt_app, adopt_current_state, platform_of
from schools.models import ApiToken, Role, RoleAssignment, School, User
from schools.services.organisation import import_schools, name_municipality
from schools.services.people import create_person, grant_role
from schools.services.tokens import issue_token, revoke_token

TOKEN_NAME = "demo"  # noqa: S105 - the token's label
TOKEN_DAYS = 30
MAIL_DOMAIN = "ekestad.example"
"""Of a top-level domain that no mail server serves: the demo's mail stays on each person's own page."""
MAC_SUFFIX = " för Mac"
FIRST_MIRROR = [
    SyncRun.Resource.GROUPS,
    SyncRun.Resource.AUTOPILOT,
    SyncRun.Resource.DEVICES,
    SyncRun.Resource.APPS,
]


@dataclass(frozen=True)
class Persona:
    """Somebody to sign in as; `school` is the group tag of the school where the role is held, "" for all schools."""

    username: str
    name: str
    role: Role
    school: str = ""


PEOPLE = [
    Persona("anna", "Anna Lindqvist", Role.IT_ADMIN),
    Persona("bengt", "Bengt Åkesson", Role.IT_ADMIN),
    Persona("cecilia", "Cecilia Östberg", Role.APPROVER, "GY-RONN"),
    Persona("david", "David Nyman", Role.SCHOOL_IT, "GY-RONN"),
    Persona("eva", "Eva Sjödin", Role.SCHOOL_IT, "GY-TEKN"),
    Persona("filip", "Filip Ek", Role.TEACHER, "GY-RONN"),
    Persona("gunilla", "Gunilla Hage", Role.COMMITTEE),
    Persona("johan", "Johan Falk", Role.COMMITTEE),
    Persona("karin", "Karin Sundin", Role.COMMITTEE),
    Persona("lars", "Lars Winter", Role.APPROVER, "GY-TEKN"),
    Persona("mona", "Mona Hedlund", Role.APPROVER, "GR-NORR"),
    Persona("nils", "Nils Ahlin", Role.TEACHER, "GR-NORR"),
    Persona("hanna", "Hanna Lager", Role.SUPPLIER),
    Persona("ivar", "Ivar Granath", Role.AUDITOR),
]


def create_organisation(tenant: Mapping[str, Any]) -> None:
    """Municipality, administrations, school forms and schools; does nothing where they are already there."""
    name_municipality(tenant["municipality"]["name"], by=None)
    administrations = {row["code"]: row["name"] for row in tenant["administrations"]}
    prefixes = {row["code"]: row["group_tag_prefix"] for row in tenant["school_forms"]}
    import_schools(
        [
            {
                "administration_code": row["administration"],
                "administration_name": administrations[row["administration"]],
                "school_form": row["school_form"],
                "group_tag_prefix": prefixes[row["school_form"]],
                "school_unit_code": row["school_unit_code"],
                "name": row["name"],
                "group_tag": row["group_tag"],
            }
            for row in tenant["schools"]
        ],
        by=None,
    )


def create_people(password: str) -> list[dict[str, str | None]]:
    """The demo's accounts with their roles, all with this password; as `demo.json` lists them."""
    accounts: list[dict[str, str | None]] = []
    first = User.objects.filter(username=PEOPLE[0].username).first()
    is_known = first is not None and first.check_password(password)  # one check tells for all, and takes its time
    for persona in PEOPLE:
        user = User.objects.filter(username=persona.username).first()
        if user is None:
            address = f"{persona.username}@{MAIL_DOMAIN}"
            user = create_person(persona.username, persona.name, password, email=address, by=None)
        elif not is_known:
            user.set_password(password)
            user.save(update_fields=["password"])
        school = School.objects.get(group_tag=persona.school) if persona.school else None
        if not RoleAssignment.objects.filter(user=user, role=persona.role, school=school, valid_until=None).exists():
            grant_role(user, persona.role, school, by=None)
        accounts.append(
            {
                "username": persona.username,
                "password": password,
                "role": persona.role.value,
                "school": school.school_unit_code if school else None,
            }
        )
    return accounts


def create_token() -> str:
    """A fresh API token of the first IT administrator; the one of the last start is revoked."""
    owner = User.objects.get(username=PEOPLE[0].username)
    for token in ApiToken.objects.filter(user=owner, name=TOKEN_NAME, revoked_at=None):
        revoke_token(token, owner)
    return issue_token(owner, TOKEN_NAME, TOKEN_DAYS)[1]


def mirror(resources: list[SyncRun.Resource]) -> list[SyncRun]:
    """Run these pulls here and now, in order, each to its end."""
    return [_to_the_end(run) for run in runs.request_runs(resources, SyncRun.Trigger.COMMAND)]


def _to_the_end(run: SyncRun) -> SyncRun:
    """A long run goes on in turns, and waits between them when Graph asks it to."""
    while run.status == SyncRun.Status.QUEUED:
        if run.not_before:
            time.sleep(max(0.0, (run.not_before - timezone.now()).total_seconds()))
        run = runs.run(run.pk)
    return run


def take_over_present_state(now: datetime) -> BaselineRevision:
    """Put Intune's apps into the catalogue and make what they are assigned to the term's first revision."""
    owner = User.objects.get(username=PEOPLE[0].username)
    taken_up = AppVersion.objects.values("intune_app_id")
    for app in IntuneApp.objects.filter(missing_since=None).exclude(graph_id__in=taken_up):
        if platform_of(app.app_type):
            adopt_app(app, owner, name=app.display_name.removesuffix(MAC_SUFFIX))
    baseline = Baseline.objects.first() or _open_semester(now.date(), owner)
    present = baseline.revisions.order_by("number").first()
    return present or adopt_current_state(baseline.semester, owner, now)


def _open_semester(day: date, owner: User) -> Baseline:
    if day.month <= 6:
        return open_semester(day.year, Semester.Term.VT, date(day.year, 1, 1), date(day.year, 6, 30), by=owner)
    return open_semester(day.year, Semester.Term.HT, date(day.year, 7, 1), date(day.year, 12, 31), by=owner)
