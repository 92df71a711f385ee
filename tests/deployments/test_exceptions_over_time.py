"""Whatever people do and in whichever order: in force only between its days, one for a place, history whole."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, SoftwareException
from deployments.resolver import effective_software
from deployments.rulebook import rule_of
from deployments.services import class_groups, exceptions
from deployments.services.exceptions import Asked
from deployments.software import effective_for_device
from fleet.models import Device
from schools.models import AuditEvent, ClassGroup, School, User
from tests import factories as make
from tests.deployments.exception_factories import carried_out
from tests.deployments.request_factories import staff, vetted
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Status = SoftwareException.Status
Act = tuple[str, int, int, int, str]
LONGEST = 12

HAVE = ("have", "have", "have", "have")
ACTS = st.lists(
    st.tuples(
        st.sampled_from([*HAVE, "ask", "approve", "refuse", "withdraw", "end", "renew", "grant", "move", "remove"]),
        st.integers(0, 3),  # one of three computers, or the class group
        st.integers(0, 6),  # days that pass afterwards
        st.integers(0, LONGEST),  # how long, or by how much longer
        st.sampled_from(["required", "available", "away"]),
    ),
    min_size=3,
    max_size=8,
)


class Town:
    """Two schools, and an application that the first of them offers. The first has a class group with two of the
    three computers; the third is the other school's."""

    def __init__(self) -> None:
        make.semester("VT", 2027)
        self.active = make.revision("active", activated_at=NOW - timedelta(days=30))
        self.schools = [make.school(), make.school()]
        self.people: dict[School, dict[str, User]] = {school: staff(school) for school in self.schools}
        self.group = make.class_group(self.schools[0], "NA1a")
        self.devices = [
            *(make.device(self.schools[0], class_group=self.group) for _ in range(2)),
            make.device(self.schools[1]),
        ]
        self.application = vetted()
        make.entry(self.active, self.schools[0], self.application, "available")
        self.now = NOW

    def place(self, index: int) -> Device | ClassGroup:
        if index == len(self.devices):
            return ClassGroup.objects.select_related("school__school_form").get(pk=self.group.pk)
        rows = Device.objects.select_related("school__school_form", "class_group")
        return rows.get(pk=self.devices[index].pk)

    def act(self, what: str, index: int, more: int, kind: str) -> None:
        place = self.place(index)
        if what in ("ask", "have"):
            self.ask(place, more, kind, is_approved=what == "have")
        elif what == "move":
            self.move(place)
        elif what == "remove":
            class_groups.remove(self.group, by=make.person("it_admin"), now=self.now)
        else:
            self.decide(what, place, more)

    def ask(self, place: Device | ClassGroup, more: int, kind: str, *, is_approved: bool) -> None:
        assert place.school
        people, today = self.people[place.school], timezone.localdate(self.now)
        last, first = today + timedelta(days=more), today + timedelta(days=more % 3)
        asked = Asked(self.application, kind, place, "Särskilt stöd", last, first)
        made = exceptions.ask(asked, people["teacher"], self.now)
        if is_approved:
            exceptions.approve(made, people["approver"], self.now)

    def move(self, place: Device | ClassGroup) -> None:
        """A computer to the other school; of the class group one computer out of it, or into it again."""
        if isinstance(place, Device):
            here, there = self.schools
            Device.objects.filter(pk=place.pk).update(school=there if place.school == here else here)
        else:
            first = Device.objects.get(pk=self.devices[0].pk)
            group = None if first.class_group_id else self.group
            Device.objects.filter(pk=first.pk).update(class_group=group)

    def decide(self, what: str, place: Device | ClassGroup, more: int) -> None:
        here = Q(device=place) if isinstance(place, Device) else Q(class_group=place)
        row = SoftwareException.objects.filter(here).order_by("-pk").first()
        if row is None:
            return
        assert row.school
        people = self.people[row.school]
        if what == "approve":
            exceptions.approve(row, people["approver"], self.now)
        elif what == "refuse":
            exceptions.refuse(row, people["approver"], "Nej", self.now)
        elif what == "withdraw":
            exceptions.withdraw(row, people["teacher"], "Ångrar", self.now)
        elif what == "end":
            exceptions.end(row, people["approver"], "Klart", self.now)
        elif what == "renew":
            exceptions.renew(row, row.ends_on + timedelta(days=more), "Längre", people["teacher"], self.now)
        elif what == "grant":
            exceptions.grant(row, people["approver"], self.now)

    def pass_days(self, days: int) -> None:
        for _each in range(days + 1):
            exceptions.advance(self.now)
            self.engine()
            exceptions.advance(self.now)
            self.check_now()
            self.now += timedelta(days=1)

    def engine(self) -> None:
        """Each waiting change, in the order of the decisions; the computers then say what they have."""
        for change_set in ChangeSet.objects.filter(status="draft", decision__isnull=False).order_by("pk"):
            self.now += timedelta(seconds=1)
            carried_out(change_set, self.now)
        ending = SoftwareException.objects.filter(status=Status.ENDING)
        of_groups = Q(class_group__in=ending.values("class_group"))
        version = self.application.versions.get()
        for device in Device.objects.filter(Q(pk__in=ending.values("device")) | of_groups):
            make.InstallStatus.objects.update_or_create(
                device=device,
                app_version=version,
                defaults={"state": "notInstalled", "reported_at": self.now + timedelta(seconds=1)},
            )

    def check_now(self) -> None:
        today = timezone.localdate(self.now)
        for row in SoftwareException.objects.filter(status__in=SoftwareException.HOLDS):
            assert row.ends_on >= today, f"{row.status} after its last day"
            assert row.change_set is None or row.starts_on <= today, "in force before its first day"
            assert row.starts_on > today or row.change_set_id is not None, "not begun on its first day"
        places = SoftwareException.objects.open().values_list("device", "class_group")
        assert len(places) == len(set(places)), "two for one place"
        in_force = BaselineEntry.objects.filter(revision__status="active", decision__exception__isnull=False)
        over = in_force.filter(decision__exception__status__in=SoftwareException.OVER)
        assert not over.exists(), "over, and still in the baseline"


def said(device: Device, revision: BaselineRevision, moment: datetime, application: Any) -> str | None:
    """The intent that the resolver gives for the base and the exceptions that had not expired then."""
    base = revision.entries.filter(decision__exception=None, application=application).select_related("profile")
    rules = [rule_of(entry) for entry in base.filter(profile__school=device.school_id)]
    here = Q(device=device)
    if device.class_group and device.class_group.school_id == device.school_id:
        here |= Q(class_group=device.class_group)
    for row in SoftwareException.objects.filter(here, change_set__started_at__lte=moment):
        ending = row.decision.change_sets.exclude(pk=row.change_set_id).filter(started_at__isnull=False)
        first_out = ending.order_by("started_at").first()
        if first_out is None or first_out.started_at > moment:
            entry = row.decision.entries.select_related("profile").order_by("revision_id").first()
            assert entry is not None
            assert (entry.action, entry.intent) == ("remove" if row.is_away else "add", row.intent)
            rules.append(rule_of(entry))
    outcome = effective_software(rules).outcomes.get(application.pk)
    return outcome.intent if outcome else None


LIVED_THROUGH: list[Act] = [
    ("have", 0, 2, 3, "required"),
    ("renew", 0, 0, 4, "required"),
    ("grant", 0, 6, 0, "required"),
    ("have", 3, 1, 6, "away"),
    ("have", 2, 1, 12, "available"),
    ("move", 2, 2, 0, "away"),
    ("end", 3, 1, 0, "away"),
]
ONE_INSIDE_THE_OTHER: list[Act] = [
    ("have", 3, 1, 12, "required"),
    ("have", 0, 2, 3, "away"),
    ("move", 3, 2, 0, "away"),
    ("move", 3, 1, 0, "away"),
    ("end", 3, 2, 0, "away"),
]
CLASS_THAT_GOES: list[Act] = [
    ("have", 3, 1, 12, "required"),
    ("have", 1, 1, 5, "required"),
    ("remove", 3, 1, 0, "away"),
]


@given(acts=ACTS)
@example(acts=LIVED_THROUGH)
@example(acts=ONE_INSIDE_THE_OTHER)
@example(acts=CLASS_THAT_GOES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exceptions_over_time(acts: list[Act]) -> None:
    with transaction.atomic():
        town = Town()
        for what, index, days, more, kind in acts:
            with suppress(ValidationError, PermissionDenied), transaction.atomic():
                town.act(what, index, more, kind)
            town.pass_days(days)
        town.pass_days(LONGEST)
        while (last := SoftwareException.objects.open().order_by("-ends_on").first()) is not None:
            assert timezone.localdate(town.now) <= last.ends_on + timedelta(days=2), "not over, though its last day is"
            town.pass_days(0)
        _check_acts()
        _check_history(town)
        transaction.set_rollback(True)


def _check_acts() -> None:
    for row in SoftwareException.objects.select_related("change_set"):
        acts = list(
            AuditEvent.objects.about("deployments.softwareexception", row.pk)
            .order_by("pk")
            .values_list("act", flat=True)
        )
        assert acts[0] == "exception.asked"
        assert acts[-1] == f"exception.{row.status}"
        assert row.ended_at
        if row.change_set and row.change_set.started_at:
            assert timezone.localdate(row.change_set.started_at) >= row.starts_on


def _check_history(town: Town) -> None:
    """For each revision that has been in force, since nothing else changes what a computer was to have."""
    devices = list(Device.objects.select_related("school__school_form", "class_group"))
    for revision in BaselineRevision.objects.filter(activated_at__isnull=False).order_by("activated_at"):
        moment = revision.activated_at
        assert moment and BaselineRevision.objects.in_force(moment).get() == revision
        for device in devices:
            found = {app.application: app for app in effective_for_device(device, revision)}
            app = found.get(town.application)
            if app and _is_on_its_way_out(app):
                continue
            had, intent = app.intent if app else None, said(device, revision, moment, town.application)
            assert had == intent, f"{device} at {moment}: {had}, and {intent} by the exceptions"


def _is_on_its_way_out(app: Any) -> bool:
    """Until every computer has said that it is gone; then the exception is over (see the end of the test)."""
    return app.intent == "uninstall" and app.reason.decision and app.reason.decision.kind == "exception"
