"""A small municipality whose groups and apps are those of a running sandbox, and short ways to change its software.

Test modules load it with `pytest_plugins = ["tests.pushing"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from deployments.models import AppRequest, AppVersion, Baseline, BaselineRevision, ChangeSet, Decision
from deployments.services import changes, drafts
from deployments.services.amendments import EntrySpec, amend
from deployments.services.profiles import profile_of
from fleet.models import Device
from intune_sync import services
from intune_sync.models import IntuneApp, Operation
from schools.models import Municipality, School, SchoolForm, User
from tests import factories
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.sandbox_process import SandboxProcess, start_sandbox

SCHOOLS = {"GY-RONN": "gymnasieskola", "GY-TEKN": "gymnasieskola", "GY-AKER": "gymnasieskola", "AG-FURU": "grundskola"}
GEOGEBRA = "GeoGebra Klassisk 6"


@dataclass
class Tenant:
    """Microsoft's side. `apps` are Intune app ids by name."""

    sandbox: SandboxProcess
    groups: dict[str, UUID]
    apps: dict[str, dict[str, Any]]
    at_start: dict[str, list[dict[str, Any]]]
    counted_from: int = 0

    def app_id(self, name: str) -> str:
        return str(self.apps[name]["id"])

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every app's assignments, by app id, in an order that does not depend on who wrote first."""
        found = self.sandbox.get("/sandbox/assignments")
        return {app: sorted(raws, key=lambda raw: raw["id"]) for app, raws in found.items()}

    def assignments(self, name: str) -> list[dict[str, Any]]:
        return self.everything()[self.app_id(name)]

    def writes(self, name: str = "") -> list[dict[str, Any]]:
        """The `assign` calls that Intune has received in this test, failed ones too."""
        path = f"/mobileApps/{self.app_id(name)}/assign" if name else "/assign"
        calls = self.calls(method="POST", path_contains=path)
        return [call for call in calls if call["path"].endswith("/assign")]

    def calls(self, **match: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in {"since": str(self.counted_from), **match}.items())
        return list(self.sandbox.get(f"/sandbox/ledger?{query}"))

    def fault(self, kind: str, method: str = "POST", path: str = "/assign", **more: Any) -> None:
        rule = {"kind": kind, "match": {"method": method, "path_contains": path}, **more}
        self.sandbox.post("/sandbox/faults", rule)

    def heal(self) -> None:
        self.sandbox.delete("/sandbox/faults")

    def somebody_adds(self, name: str, raw: dict[str, Any], **when: Any) -> None:
        self.sandbox.post("/sandbox/foreign", {"app_id": self.app_id(name), "add": [raw], **when})

    def somebody_replaces(self, name: str, raws: list[dict[str, Any]]) -> None:
        self.sandbox.post("/sandbox/foreign", {"app_id": self.app_id(name), "assignments": raws})

    def somebody_adds_after_reading(self, name: str, raw: dict[str, Any]) -> None:
        when = {"after_method": "GET", "path_contains": f"{self.app_id(name)}/assignments"}
        self.somebody_adds(name, raw, when=when)

    def somebody_replaces_after_assign(self, name: str, raws: list[dict[str, Any]]) -> None:
        when = {"after_method": "POST", "path_contains": f"{self.app_id(name)}/assign"}
        self.sandbox.post("/sandbox/foreign", {"app_id": self.app_id(name), "assignments": raws, "when": when})

    def restore(self) -> None:
        self.heal()
        now = self.sandbox.get("/sandbox/assignments")
        for app, raws in self.at_start.items():
            if now[app] != raws:
                self.sandbox.post("/sandbox/foreign", {"app_id": app, "assignments": raws})


@dataclass
class Town:
    """The portal's side, after taking over what Intune has: an active first revision."""

    tenant: Tenant
    requester: User
    approver: User
    schools: dict[str, School]
    gymnasium: SchoolForm
    baseline: Baseline = field(init=False)

    def version(self, name: str) -> AppVersion:
        known = IntuneApp.objects.get(graph_id=self.tenant.app_id(name))
        return services.adopt_app(known, self.requester)

    def propose(self, *names: str, intent: str = "required", owner: Any = None) -> ChangeSet:
        """A proposed revision in which the upper secondary schools (or `owner`) get these apps."""
        draft = drafts.start_draft(self.baseline, self.requester)
        for name in names:
            application = vetted(self.version(name).application)
            drafts.put_entry(draft, profile_of(owner or self.gymnasium), application, intent=intent, by=self.requester)
        return changes.propose(draft, self.requester, "Matematik 2")

    def plan(self, change_set: ChangeSet) -> ChangeSet:
        return services.freeze_plan(change_set, self.requester, NOW)

    def approve(self, change_set: ChangeSet) -> ChangeSet:
        return changes.approve(change_set, change_set.plan_hash, self.approver, NOW)

    def approved(self, *names: str, **how: Any) -> ChangeSet:
        return self.approve(self.plan(self.propose(*names, **how)))

    def started(self, *names: str, **how: Any) -> ChangeSet:
        return services.apply_change_set(self.approved(*names, **how), self.requester, NOW)


def decided(town: Town, name: str = GEOGEBRA, *, at: School | None = None, owner: Any = None) -> ChangeSet:
    """A school's request for an app, approved: the amendment that the approval makes."""
    school = at or town.schools["GY-RONN"]
    application = town.version(name).application
    teacher, rector = factories.person("teacher", school), factories.person("approver", school)
    request = AppRequest.objects.create(
        school=school,
        application=application,
        purpose="Geometri",
        needed_by=NOW.date(),
        responsible_teacher=teacher,
        requested_by=teacher,
        approved_by=rector,
        status="planned",
    )
    decision = Decision.objects.create(
        kind="request",
        text=f"{application} till {school}",
        decided_by=rector,
        decided_at=NOW,
        request=request,
        school=school,
    )
    return amend([EntrySpec(profile_of(owner or school), application)], decision, requested_by=teacher)


def operation_of(change_set: ChangeSet) -> Operation:
    return Operation.objects.get(change_set=change_set, kind="assign")


@pytest.fixture(scope="session")
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("push"), devices=200)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def tenant(push_sandbox: SandboxProcess, settings: Any) -> Iterator[Tenant]:
    settings.GRAPH_URL = settings.AUTHORITY_URL = push_sandbox.url
    settings.GRAPH_CA_BUNDLE = push_sandbox.ca_path
    settings.TENANT_ID, settings.CLIENT_ID = push_sandbox.tenant_id, push_sandbox.client_id
    settings.CLIENT_SECRET = push_sandbox.client_secret
    found = look_at(push_sandbox)
    yield found
    found.restore()


def look_at(sandbox: SandboxProcess) -> Tenant:
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    groups = sandbox.session.get(f"{sandbox.url}/v1.0/groups?$top=500", headers=headers).json()["value"]
    apps, url = [], f"{sandbox.url}/beta/deviceAppManagement/mobileApps"
    while url:
        page = sandbox.session.get(url, headers=headers).json()
        apps, url = apps + page["value"], page.get("@odata.nextLink", "")
    last = sandbox.get("/sandbox/state")["requests"]
    return Tenant(
        sandbox,
        {group["mailNickname"]: UUID(group["id"]) for group in groups},
        {app["displayName"]: app for app in apps},
        sandbox.get("/sandbox/assignments"),
        counted_from=last,
    )


@pytest.fixture
def town(tenant: Tenant, db: None) -> Town:
    return build_town(tenant)


def build_town(tenant: Tenant, devices_per_school: int = 3) -> Town:
    group = tenant.groups
    Municipality.objects.create(name="Ekestads kommun", entra_group_id=group["terminsklar-all"])
    for code in ("gymnasieskola", "grundskola"):
        factories.school_form(code, entra_group_id=group[f"terminsklar-form-{code}"])
    schools = {}
    for tag, form in SCHOOLS.items():
        group_id = group.get(f"terminsklar-school-{tag.lower()}")
        schools[tag] = factories.school(tag.title(), form=form, group_tag=tag, entra_group_id=group_id)
        for _ in range(devices_per_school):
            factories.device(schools[tag])
    for app in tenant.apps.values():
        IntuneApp.objects.create(
            graph_id=app["id"],
            display_name=app["displayName"],
            app_type=app["@odata.type"].removeprefix("#microsoft.graph."),
            version=app.get("displayVersion") or "",
            size_bytes=app.get("size"),
            publishing_state=app["publishingState"],
        )
    town = Town(
        tenant,
        factories.person("it_admin"),
        factories.person("it_admin"),
        schools,
        SchoolForm.objects.get(code="gymnasieskola"),
    )
    revision = services.adopt_current_state(factories.semester(), town.requester, NOW)
    town.baseline = revision.baseline
    return town


def active_revision() -> BaselineRevision:
    return BaselineRevision.objects.active().get()


def devices_at(*schools: School) -> set[int]:
    return set(Device.objects.filter(school__in=schools).values_list("pk", flat=True))
