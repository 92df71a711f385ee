"""Rows for tests: deterministic, numbered, one function per model. State in the test the values it asserts on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from deployments.models import (
    Application,
    AppVersion,
    AssignmentChange,
    Baseline,
    BaselineEntry,
    BaselineRevision,
    Capability,
    ChangeSet,
    ChangeTarget,
    Decision,
    Delegation,
    InstallStatus,
    LicencePool,
    Proposal,
    Rollout,
    Semester,
    Simulation,
    SoftwareProfile,
    Subject,
    VettingCard,
)
from deployments.models.profiles import OWNER_OF_LEVEL
from fleet.models import Device, HardwareModel, Platform
from intune_sync.models import ActionOrder, AutopilotImport, DriftItem, IntuneApp, KillSwitch, Operation, SyncRun
from schools.models import (
    Administration,
    ApiToken,
    CalendarPeriod,
    ClassGroup,
    LessonHours,
    Municipality,
    Notification,
    RoleAssignment,
    School,
    SchoolForm,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
"""A Monday morning in week 2, the first school day of the spring term."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "vinterlov på landet"
LEVEL_OF_OWNER = {owner: level for level, owner in OWNER_OF_LEVEL.items()}

_numbers: Iterator[int] = count(1)


def number() -> int:
    """Another number each time; the same ones in the same order in every run."""
    return next(_numbers)


def uuid(value: int | None = None) -> UUID:
    return UUID(int=0xC0FFEE << 80 | (value if value is not None else number()))


def municipality() -> Municipality:
    """The one municipality."""
    return Municipality.objects.first() or Municipality.objects.create(name="Ådala kommun", entra_group_id=uuid())


def administration(code: str = "GYF", **columns: Any) -> Administration:
    found = Administration.objects.filter(code=code).first()
    columns = {"name": f"Förvaltning {code}", **columns}
    return found or Administration.objects.create(municipality=municipality(), code=code, **columns)


def school_form(code: str = "gymnasieskola", **columns: Any) -> SchoolForm:
    found = SchoolForm.objects.filter(code=code).first()
    columns = {"group_tag_prefix": f"{code.upper()}-", "entra_group_id": uuid(), **columns}
    return found or SchoolForm.objects.create(code=code, **columns)


def school(name: str = "", *, form: str = "gymnasieskola", **columns: Any) -> School:
    n = number()
    columns = {
        "administration": columns.get("administration") or administration(),
        "school_form": school_form(form),
        "school_unit_code": f"{n:08}",
        "group_tag": f"{form.upper()}-{n}",
        "entra_group_id": uuid(),
        **columns,
    }
    return School.objects.create(name=name or f"Skola {n}", **columns)


def class_group(school: School, name: str = "", **columns: Any) -> ClassGroup:
    return ClassGroup.objects.create(school=school, name=name or f"Klass {number()}", **columns)


def period(kind: str = "break", name: str = "Sportlov", *, days: int = 5, **columns: Any) -> CalendarPeriod:
    """From the Monday of week 9, for all schools."""
    first = columns.pop("starts_on", date(2027, 3, 1))
    last = columns.pop("ends_on", first + timedelta(days=days - 1))
    return CalendarPeriod.objects.create(kind=kind, name=name, starts_on=first, ends_on=last, **columns)


def lesson_hours(weekday: int = 1, begins: time = time(8), ends: time = time(16), **columns: Any) -> LessonHours:
    return LessonHours.objects.create(weekday=weekday, begins=begins, ends=ends, **columns)


def user(username: str = "", *, password: str | None = None, **columns: Any) -> User:
    """Without a password nobody can sign in as them by the form: use `client.force_login`."""
    username = username or f"person{number()}"
    columns = {"display_name": username.title(), **columns}
    return User.objects.create_user(username, password, **columns)


def role(user: User, role: str, school: School | None = None, **columns: Any) -> RoleAssignment:
    columns = {"valid_from": LONG_AGO, **columns}
    return RoleAssignment.objects.create(user=user, role=role, school=school, **columns)


def person(role_name: str = "", school: School | None = None, *, username: str = "", **columns: Any) -> User:
    """Somebody with one role: `person("it_admin")`, `person("school_it", school)`; without a name, with none."""
    someone = user(username, **columns)
    if role_name:
        role(someone, role_name, school)
    return someone


def api_token(user: User, *, expires_at: datetime | None = None, **columns: Any) -> str:
    """The token to send as `Authorization: Bearer …`; good for 30 days from the real now."""
    expires_at = expires_at or datetime.now(UTC) + timedelta(days=30)
    row, text = ApiToken.generate(user=user, name=f"Skript {number()}", expires_at=expires_at)
    for column, value in columns.items():
        setattr(row, column, value)
    row.save()
    return text


def notification(user: User, kind: str = "changeset.planned", **columns: Any) -> Notification:
    columns = {
        "episode": f"episode {number()}",
        "url": "/account/",
        "data": {"number": 7, "revision": "VT 2027"},
        **columns,
    }
    return Notification.objects.create(user=user, kind=kind, **columns)


def webhook(**columns: Any) -> WebhookEndpoint:
    columns = {
        "name": f"System {number()}",
        "url": "https://lyssnar.example/",
        "secret": "hemligt",
        "kinds": ["changeset.planned"],
        **columns,
    }
    return WebhookEndpoint.objects.create(**{"created_by": columns.pop("created_by", None) or user(), **columns})


def webhook_delivery(endpoint: WebhookEndpoint | None = None, **columns: Any) -> WebhookDelivery:
    body = {"url": "/changes/7/", "data": {"number": 7, "revision": "VT 2027"}}
    columns = {"kind": "changeset.planned", "episode": f"episode {number()}", "body": body, **columns}
    return WebhookDelivery.objects.create(endpoint=endpoint or webhook(), **columns)


def hardware_model(name: str = "Latitude 3120", *, platform: str = Platform.WINDOWS, **columns: Any) -> HardwareModel:
    found = HardwareModel.objects.filter(name=name).first()
    return found or HardwareModel.objects.create(
        **{"manufacturer": "Dell Inc.", **columns}, name=name, platform=platform
    )


def device(school: School | None = None, *, enrolled: bool = True, **columns: Any) -> Device:
    """A computer; enrolled means Intune knows it and heard from it an hour before `NOW`."""
    n = number()
    columns["hardware_model"] = columns.get("hardware_model") or hardware_model()
    observed: dict[str, Any] = {"autopilot_id": uuid(n)}
    if enrolled:
        observed |= {
            "intune_id": uuid(n + (1 << 40)),
            "entra_device_id": uuid(n + (2 << 40)),
            "observed_name": f"PC-{n:06}",
            "enrollment_state": Device.Enrollment.ENROLLED,
            "compliance_state": Device.Compliance.COMPLIANT,
            "os_version": "10.0.26100.3476",
            "storage_total_bytes": 256_000_000_000,
            "storage_free_bytes": 120_000_000_000,
            "enrolled_at": NOW - timedelta(days=90),
            "last_check_in_at": NOW - timedelta(hours=1),
        }
    if school is not None:
        observed["observed_group_tag"] = school.group_tag
    row = {"serial_number": f"SN{n:06}", "platform": columns["hardware_model"].platform, **observed, **columns}
    return Device.objects.create(school=school, **row)


def application(name: str = "", **columns: Any) -> Application:
    return Application.objects.create(name=name or f"Program {number()}", **{"publisher": "Utgivaren", **columns})


def app_version(of: Application | None = None, version: str = "1.0", **columns: Any) -> AppVersion:
    columns = {
        "platform": Platform.WINDOWS,
        "intune_app_id": uuid(),
        "app_type": "win32LobApp",
        "size_bytes": 100_000_000,
        **columns,
    }
    return AppVersion.objects.create(application=of or application(), version=version, **columns)


def licence_pool(application: Application, seats: int | None = 100, **columns: Any) -> LicencePool:
    return LicencePool.objects.create(application=application, seats=seats, **columns)


def vetting_card(application: Application, **columns: Any) -> VettingCard:
    """Complete, and in date for a year."""
    complete = {
        "personal_data": "account",
        "agreement": "signed",
        "agreement_reference": "BUN 2026/17",
        "assessment": "done",
        "minimum_age": 0,
        "data_region": "eu",
        "accessibility": "meets",
        "cost_note": "Gratis",
        "valid_until": date(2028, 1, 31),
    }
    return VettingCard.objects.create(application=application, **{**complete, **columns})


def subject(name: str, *applications: Application) -> Subject:
    row, _made = Subject.objects.get_or_create(name=name)
    row.applications.add(*applications)
    return row


def capability(name: str, **applications: Application) -> Capability:
    """`applications` by platform."""
    row = Capability.objects.create(name=name)
    for platform, chosen in applications.items():
        row.choices.create(platform=platform, application=chosen)
    return row


def profile(owner: Municipality | SchoolForm | School | ClassGroup | Device, **columns: Any) -> SoftwareProfile:
    """The owner's container; made when it is not there yet."""
    column = {
        Municipality: "municipality",
        SchoolForm: "school_form",
        School: "school",
        ClassGroup: "class_group",
        Device: "device",
    }[type(owner)]
    found = SoftwareProfile.objects.filter(**{column: owner}).first()
    return found or SoftwareProfile.objects.create(level=LEVEL_OF_OWNER[column], **{column: owner}, **columns)


def semester(term: str = "VT", year: int = 2027) -> Semester:
    months = (1, 6) if term == "VT" else (8, 12)
    found = Semester.objects.filter(term=term, year=year).first()
    return found or Semester.objects.create(
        term=term, year=year, starts_on=date(year, months[0], 7), ends_on=date(year, months[1], 20)
    )


def baseline(term: str = "VT", year: int = 2027) -> Baseline:
    of = semester(term, year)
    return Baseline.objects.filter(semester=of).first() or Baseline.objects.create(semester=of)


def revision(status: str = "draft", *, of: Baseline | None = None, **columns: Any) -> BaselineRevision:
    """A revision without entries; put those in with `entry`, which works whatever the status."""
    of = of or baseline()
    if status in ("active", "superseded"):
        columns.setdefault("activated_at", NOW - timedelta(days=7))
    if status == "superseded":
        columns.setdefault("superseded_at", NOW - timedelta(days=1))
    return BaselineRevision.objects.create(baseline=of, number=of.revisions.count() + 1, status=status, **columns)


def entry(
    revision: BaselineRevision,
    owner: Municipality | SchoolForm | School | ClassGroup | Device,
    application: Application,
    intent: str = "required",
    **columns: Any,
) -> BaselineEntry:
    """A line of the revision; `intent=""` takes the application away. Frozen revisions are thawed for the moment."""
    action = "add" if intent else "remove"
    status = revision.status
    BaselineRevision.objects.filter(pk=revision.pk).update(status="draft")
    row = BaselineEntry.objects.create(
        revision=revision, profile=profile(owner), application=application, action=action, intent=intent, **columns
    )
    BaselineRevision.objects.filter(pk=revision.pk).update(status=status)
    return row


def change_set(status: str = "draft", *, requested_by: User | None = None, **columns: Any) -> ChangeSet:
    """A change set whose plan is empty; beyond *planned* it is approved by another person for its hash."""
    columns["revision"] = columns.get("revision") or revision("proposed")
    if status not in ("draft", "cancelled"):
        columns = {
            "plan": {"changes": [], "calls": [], "warnings": []},
            "plan_hash": "a" * 64,
            "planned_at": NOW,
            **columns,
        }
    if status in ("approved", "applying", "applied", "failed", "abandoned"):
        columns["approved_by"] = columns.get("approved_by") or person("it_admin")
        columns = {"approved_hash": columns["plan_hash"], "approved_at": NOW, **columns}
    return ChangeSet.objects.create(status=status, requested_by=requested_by or person("it_admin"), **columns)


def assignment_change(change_set: ChangeSet, version: AppVersion | None = None, **columns: Any) -> AssignmentChange:
    return AssignmentChange.objects.create(change_set=change_set, app_version=version or app_version(), **columns)


def change_target(change: AssignmentChange, device: Device, effect: str = "install") -> ChangeTarget:
    return ChangeTarget.objects.create(change=change, device=device, effect=effect)


def rollout(change_set: ChangeSet, **columns: Any) -> Rollout:
    return Rollout.objects.create(**{"change_set": change_set, "created_by": change_set.requested_by, **columns})


def simulation(subject: Proposal | ChangeSet, **columns: Any) -> Simulation:
    """Asked for, and not played yet."""
    key = {"proposal" if isinstance(subject, Proposal) else "change_set": subject}
    columns = {"asked_by": columns.get("asked_by") or person("it_admin"), "asked_at": NOW, **columns}
    return Simulation.objects.create(**{"digest": f"{number():064}", "starts_at": NOW, **key, **columns})


def install_status(device: Device, app_version: AppVersion, state: str = "installed", **columns: Any) -> InstallStatus:
    columns = {"reported_at": NOW, **columns}
    if state == "installed":
        columns.setdefault("installed_at", NOW)
    return InstallStatus.objects.create(device=device, app_version=app_version, state=state, **columns)


def delegation(user: User, **columns: Any) -> Delegation:
    columns = {"text": "Ändringar mellan möten", "starts_on": date(2020, 1, 1), "ends_on": date(2035, 1, 1), **columns}
    return Delegation.objects.create(user=user, **columns)


def decision(by: User | None = None, text: str = "GeoGebra till alla", **columns: Any) -> Decision:
    """By delegation, unless `kind` and its ground are given."""
    by = by or person("it_admin")
    if "kind" not in columns:
        columns = {"kind": Decision.Kind.DELEGATED, "delegation": delegation(by), **columns}
    return Decision.objects.create(text=text, decided_by=by, **{"decided_at": NOW, **columns})


def sync_run(resource: str = "devices", status: str = "no_changes", **columns: Any) -> SyncRun:
    columns = {"trigger": "schedule", "started_at": NOW, **columns}
    if status not in ("queued", "running"):
        columns.setdefault("finished_at", NOW + timedelta(minutes=1))
    if status == "unsafe":
        columns = {"reason": "shrunk", "reason_data": {"absent": 400, "known": 1000}, **columns}
    return SyncRun.objects.create(resource=resource, status=status, **columns)


def intune_app(name: str = "", **columns: Any) -> IntuneApp:
    columns = {"graph_id": uuid(), "app_type": "win32LobApp", "publishing_state": "published", **columns}
    return IntuneApp.objects.create(display_name=name or f"Intune-program {number()}", **columns)


def new_app(name: str = "", status: str = "failed", **columns: Any) -> Operation:
    """An app that somebody asked the portal to create in Intune."""
    wanted = {"type": "webApp", "name": name or f"Ny app {number()}", "marker": str(uuid()), "publisher": "Utgivaren"}
    columns = {"requested_by": columns.get("requested_by") or person("it_admin"), **columns}
    return Operation.objects.create(kind="create_app", desired=wanted, status=status, finished_at=NOW, **columns)


def drift_item(kind: str = "foreign", *schools: School, **columns: Any) -> DriftItem:
    """Somebody has assigned an app; concerns computers of `schools`."""
    key = number()
    columns = {"key": f"{kind}:{key}", "name": f"Program {key}", "since": NOW, "last_seen_at": NOW, **columns}
    item = DriftItem.objects.create(kind=kind, **columns)
    item.schools.set(schools)
    return item


def kill_switch(**columns: Any) -> KillSwitch:
    return KillSwitch.objects.create(
        **{"reason": "Fel tilldelning", "thrown_by": person("it_admin"), "thrown_at": NOW, **columns}
    )


def autopilot_import(**columns: Any) -> AutopilotImport:
    return AutopilotImport.objects.create(**{"file_name": "datorer.csv", "requested_by": person("it_admin"), **columns})


def action_order(action: str = "wipe", **columns: Any) -> ActionOrder:
    """Of two computers, which waits for a second person."""
    columns = {"reason": "Stulna", "requested_by": person("it_admin"), "device_count": 2, **columns}
    order = ActionOrder.objects.create(action=action, is_destructive=action in ActionOrder.DESTRUCTIVE, **columns)
    order.devices.set([device(), device()])
    return order


def autopilot_mark(**columns: Any) -> Operation:
    wanted = {"autopilot_id": str(uuid()), "serial_number": "PF0001", "group_tag": "GY-NY"}
    columns = {"requested_by": person("it_admin"), "desired": wanted, "status": "failed", **columns}
    return Operation.objects.create(kind="identity", **columns)


def operation(change: AssignmentChange, status: str = "ready", **columns: Any) -> Operation:
    columns = {
        "change_set": change.change_set,
        "intune_app_id": change.app_version.intune_app_id,
        "desired": [],
        **columns,
    }
    if status in Operation.HELD:
        columns.setdefault("lease_expires_at", NOW + timedelta(minutes=5))
    return Operation.objects.create(change=change, status=status, **columns)
