"""Whatever people do and in whichever order: in force only between its days, one for a place, history whole."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, SoftwareException
from deployments.resolver import effective_software
from deployments.rulebook import rule_of
from deployments.services import exceptions
from deployments.services.exceptions import Asked
from deployments.software import effective_for_device
from fleet.models import Device
from schools.models import AuditEvent
from tests import factories as make
from tests.deployments.exception_factories import carried_out
from tests.deployments.request_factories import staff, vetted
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Status = SoftwareException.Status

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "approve", "refuse", "withdraw", "end", "renew", "grant", "move", "nothing"]),
        st.integers(0, 3),  # which computer
        st.integers(0, 6),  # days that pass afterwards
        st.integers(0, 12),  # how long, or by how much longer
        st.sampled_from(["required", "available", "away"]),
    ),
    min_size=4,
    max_size=12,
)


class Town:
    """Two schools with two computers each, an application that the first school has, and one that nobody has."""

    def __init__(self) -> None:
        make.semester("VT", 2027)
        self.active = make.revision("active", activated_at=NOW - timedelta(days=30))
        self.schools = [make.school(), make.school()]
        self.people = [staff(school) for school in self.schools]
        self.devices = [make.device(school) for school in self.schools for _ in range(2)]
        self.application = vetted()
        make.entry(self.active, self.schools[0], self.application, "available")
        self.now = NOW

    def act(self, what: str, index: int, more: int, kind: str) -> None:
        device = Device.objects.select_related("school__school_form", "class_group").get(pk=self.devices[index].pk)
        people = self.people[self.schools.index(device.school)]
        row = SoftwareException.objects.filter(device=device).order_by("-pk").first()
        today = timezone.localdate(self.now)
        if what == "ask":
            last = today + timedelta(days=more)
            asked = Asked(self.application, kind, device, "Särskilt stöd", last, today + timedelta(days=more % 3))
            exceptions.ask(asked, people["teacher"], self.now)
        elif what == "move":
            other = self.schools[1] if device.school == self.schools[0] else self.schools[0]
            Device.objects.filter(pk=device.pk).update(school=other)
        elif row and what == "approve":
            exceptions.approve(row, people["approver"], self.now)
        elif row and what == "refuse":
            exceptions.refuse(row, people["approver"], "Nej", self.now)
        elif row and what == "withdraw":
            exceptions.withdraw(row, people["teacher"], "Ångrar", self.now)
        elif row and what == "end":
            exceptions.end(row, people["approver"], "Klart", self.now)
        elif row and what == "renew":
            exceptions.renew(row, row.ends_on + timedelta(days=more), "Längre", people["teacher"], self.now)
        elif row and what == "grant":
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
        gone = SoftwareException.objects.filter(status=Status.ENDING).values_list("device", flat=True)
        version = self.application.versions.get()
        for key in gone:
            make.InstallStatus.objects.update_or_create(
                device_id=key,
                app_version=version,
                defaults={"state": "notInstalled", "reported_at": self.now + timedelta(seconds=1)},
            )

    def check_now(self) -> None:
        today = timezone.localdate(self.now)
        for row in SoftwareException.objects.filter(status__in=SoftwareException.HOLDS):
            assert row.ends_on >= today, f"{row.status} after its last day"
            assert row.change_set is None or row.starts_on <= today, "in force before its first day"
        for device in self.devices:
            assert SoftwareException.objects.open().filter(device=device).count() <= 1
        in_force = BaselineEntry.objects.filter(revision__status="active", decision__exception__isnull=False)
        over = in_force.filter(decision__exception__status__in=SoftwareException.OVER)
        assert not over.exists(), "over, and still in the baseline"


def said(device: Device, moment: datetime, application: Any) -> tuple[str | None, bool]:
    """What the resolver says of the base and the exceptions that had not expired: the intent, and by an exception?"""
    revision = BaselineRevision.objects.in_force(moment).get()
    base = revision.entries.filter(decision__exception=None, application=application).select_related("profile")
    rules = [rule_of(entry) for entry in base.filter(profile__school=device.school_id)]
    for row in SoftwareException.objects.filter(device=device, change_set__started_at__lte=moment):
        ending = row.decision.change_sets.exclude(pk=row.change_set_id).filter(started_at__isnull=False)
        first_out = ending.order_by("started_at").first()
        if first_out is None or first_out.started_at > moment:
            entry = row.decision.entries.select_related("profile").order_by("revision_id").first()
            assert entry is not None
            assert (entry.action, entry.intent) == ("remove" if row.is_away else "add", row.intent)
            rules.append(rule_of(entry))
    outcome = effective_software(rules).outcomes.get(application.pk)
    return (outcome.intent if outcome else None), len(rules) > base.filter(profile__school=device.school_id).count()


@given(acts=ACTS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exceptions_over_time(acts: list[tuple[str, int, int, int, str]]) -> None:
    with transaction.atomic():
        town = Town()
        start = town.now
        for what, index, days, more, kind in acts:
            with suppress(ValidationError, PermissionDenied), transaction.atomic():
                town.act(what, index, more, kind)
            town.pass_days(days)
        town.pass_days(16)
        _check_history(town, start)
        transaction.set_rollback(True)


def _check_history(town: Town, start: datetime) -> None:
    for row in SoftwareException.objects.select_related("change_set"):
        acts = list(
            AuditEvent.objects.about("deployments.softwareexception", row.pk)
            .order_by("pk")
            .values_list("act", flat=True)
        )
        assert acts[0] == "exception.asked"
        if row.status in SoftwareException.OVER:
            assert acts[-1] == f"exception.{row.status}"
            assert row.ended_at
        if row.change_set and row.change_set.started_at:
            assert timezone.localdate(row.change_set.started_at) >= row.starts_on
    moment = start + timedelta(hours=2)
    while moment < town.now:
        revision = BaselineRevision.objects.in_force(moment).get()
        for device in Device.objects.select_related("school__school_form"):
            found = {app.application: app for app in effective_for_device(device, revision)}
            app = found.get(town.application)
            intent, _by_exception = said(device, moment, town.application)
            had = app.intent if app and not _is_on_its_way_out(app) else None
            assert had == intent, f"{device} at {moment}: {had}, and {intent} by the exceptions"
        moment += timedelta(days=1)


def _is_on_its_way_out(app: Any) -> bool:
    return app.intent == "uninstall" and app.reason.decision and app.reason.decision.kind == "exception"
