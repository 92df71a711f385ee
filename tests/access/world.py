"""One school of one's own, another school, and somebody with each role: what the matrix is tried against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from deployments.models import Proposal
from schools import audit
from schools.access import APPROVER, AUDITOR, COMMITTEE, IT_ADMIN, SCHOOL_IT, SUPPLIER, TEACHER
from schools.models import ApiToken, Notification, RoleAssignment, School, User
from schools.models.people import SCHOOL_ROLES
from tests import factories
from tests.access.committee_world import committee_objects
from tests.deployments.exception_factories import software_exception
from tests.deployments.request_factories import app_request

ROLES = [IT_ADMIN, APPROVER, SCHOOL_IT, TEACHER, COMMITTEE, SUPPLIER, AUDITOR]
API = "/api/v1/"
ANONYMOUS = "anonymous"
EVERYBODY = [*ROLES, ANONYMOUS]
SCOPES = ["own", "other"]
PERSONAL: dict[str, Any] = {"token": ApiToken, "notification": Notification}
"""Kinds of which every person of the world has one."""
MISSING = 7_999_999
"""A key that no row has, with as many digits as those that `_keys` gives."""
_keys = count(7_000_001)


@dataclass
class World:
    people: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, int]] = field(default_factory=lambda: {scope: {} for scope in SCOPES})
    """Primary keys by scope and kind of object."""
    sessions: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    """One for all: a new client builds the whole middleware anew."""

    def key(self, kind: str, who: str, scope: str) -> int:
        """The primary key of an object; what belongs to a person is, in the other scope, somebody else's."""
        if kind not in PERSONAL:
            return self.keys[scope][kind]
        owner = who if scope == "own" and who in self.people else next(role for role in ROLES if role != who)
        return PERSONAL[kind].objects.get(user=self.people[owner]).pk

    def send(self, who: str, method: str, path: str) -> HttpResponse:
        """One request as a person: by session to a page, by token to the API."""
        headers, is_api = {}, path.startswith(API)
        self.client.cookies.clear()
        if who != ANONYMOUS and is_api:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        elif who != ANONYMOUS:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        data, content_type = ("{}", "application/json") if is_api else ("", "application/x-www-form-urlencoded")
        return self.client.generic(method, path, data, content_type, headers=headers)  # type: ignore[return-value]


def build() -> World:
    world = World()
    own, other = factories.school("Egna skolan"), factories.school("Andra skolan", id=next(_keys))
    for role in ROLES:
        person = factories.person(role, own if role in SCHOOL_ROLES else None, username=role)
        world.people[role], world.tokens[role] = person, factories.api_token(person)
        factories.notification(person, id=next(_keys))
        client = Client()
        client.force_login(person)
        world.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
    _shared(world)
    for scope, school in zip(SCOPES, (own, other), strict=True):
        world.keys[scope] |= _at(school, world.people[TEACHER])
    return world


def _at(school: School, teacher: User) -> dict[str, int]:
    """An object of every kind that belongs to a school."""
    device = factories.device(school, id=next(_keys))
    applied = factories.change_set("applied", id=next(_keys), revision=factories.revision("decided"))
    factories.change_target(factories.assignment_change(applied), device)
    rollout = factories.rollout(applied, id=next(_keys), status="done", started_at=timezone.now())
    event = audit.record("school.changed", school, by=None, school=school)
    return {
        "school": school.pk,
        "device": device.pk,
        "container": factories.profile(school, id=next(_keys)).pk,
        "class_group": factories.class_group(school, id=next(_keys)).pk,
        "decision": factories.decision(school=school, id=next(_keys)).pk,
        "change_set": applied.pk,
        "rollout": rollout.pk,
        "request": app_request("school", school, id=next(_keys)).pk,
        "exception": software_exception(place=device, id=next(_keys)).pk,
        "review_request": app_request("review", school, id=next(_keys)).pk,
        "draft_request": app_request("draft", school, id=next(_keys), requested_by=teacher).pk,
        "deputy": _deputy(school).pk,
        "audit_event": event.pk,
        "drift_item": factories.drift_item("foreign", school, id=next(_keys)).pk,
        "calendar_period": factories.period(school=school, id=next(_keys)).pk,
        "lesson_hours": factories.lesson_hours(school=school, id=next(_keys)).pk,
        "attempt": device.enrolment_attempts.create(id=next(_keys), started_at=timezone.now()).pk,
        "breach": device.compliance_breaches.create(id=next(_keys), first_seen_at=timezone.now()).pk,
        "install_status": factories.install_status(device, factories.app_version(), id=next(_keys)).pk,
    }


def _deputy(school: School) -> RoleAssignment:
    """Somebody who approves at the school for another week."""
    until = timezone.now() + timedelta(days=7)
    return factories.role(factories.user(), APPROVER, school, id=next(_keys), valid_until=until)


def _shared(world: World) -> None:
    """Objects that no school owns: the same for both scopes."""
    draft, decided = factories.revision("draft"), factories.revision("decided")
    application = factories.application()
    version = factories.app_version(application)
    shared = {
        "application": application.pk,
        "app_version": version.pk,
        "licence": factories.licence_pool(application).pk,
        "capability": factories.capability("Ordbehandling", windows=application).pk,
        "baseline": draft.baseline_id,
        "draft": draft.pk,
        "revision": decided.pk,
        "entry": factories.entry(draft, factories.municipality(), application).pk,
        "waiting_change": factories.assignment_change(factories.change_set("planned"), version).change_set_id,
        "planned_rollout": factories.rollout(
            factories.change_set("approved", revision=factories.revision("decided"))
        ).pk,
        "intune_app": factories.intune_app().pk,
        "new_app": factories.new_app().pk,
        "stop": factories.kill_switch().pk,
        "import": factories.autopilot_import().pk,
        "order": factories.action_order().pk,
        "mark": factories.autopilot_mark().pk,
        "unsafe_run": factories.sync_run("devices", "unsafe").pk,
        "run": factories.sync_run("apps").pk,
        "webhook": (webhook := factories.webhook()).pk,
        "assumption": "reinstalls_a_week",
        "webhook_delivery": factories.webhook_delivery(webhook).pk,
    }
    shared |= committee_objects(world.people)
    shared["simulation"] = factories.simulation(factories.change_set("planned")).pk
    shared["proposal_simulation"] = factories.simulation(Proposal.objects.get(pk=shared["proposal"])).pk
    for scope in SCOPES:
        world.keys[scope] |= shared
