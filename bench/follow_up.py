"""A semester of decisions that reach the whole fleet, and how long its report takes."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.figures import Ratio
from deployments.models import (
    AppVersion,
    AssignmentChange,
    BaselineEntry,
    BaselineRevision,
    ChangeSet,
    Decision,
    Delegation,
)
from deployments.proof.days import STATES, note_day
from deployments.services.profiles import profile_of
from schools.models import Municipality, User

DECISIONS = 12
DAYS = 60
FIRST_VERSION = 20
"""Of the baseline's applications; those before are rolled out elsewhere."""


def report(browser: Client, revision: BaselineRevision, rounds: int) -> Ratio:
    """The report's page counts in one go what the pages of its decisions count one by one."""
    addresses = [decision.get_absolute_url() for decision in followed_up(revision)]
    page = reverse("deployments:semester_report", args=[revision.baseline_id])
    whole, one_by_one = [], []
    for _round in range(rounds):
        whole.append(_seconds(browser, [page]))
        one_by_one.append(_seconds(browser, addresses))
    return Ratio(
        f"report of a semester with {DECISIONS} decisions for all computers",
        statistics.median(whole),
        "the decisions’ own pages",
        statistics.median(one_by_one),
        1.0,
    )


def _seconds(browser: Client, addresses: list[str]) -> float:
    started = time.perf_counter()
    for address in addresses:
        if browser.get(address).status_code != 200:
            raise RuntimeError(f"{address} did not answer")
    return time.perf_counter() - started


def followed_up(revision: BaselineRevision) -> list[Decision]:
    """In force on top of the revision, written to all computers, most of which have reported, and noted day by day."""
    by, now = User.objects.get(username="bench"), timezone.now()
    written = now - timedelta(days=DAYS)
    number = (
        BaselineRevision.objects.filter(baseline=revision.baseline).order_by("-number").first() or revision
    ).number
    decided = BaselineRevision.objects.create(baseline=revision.baseline, number=number + 1, based_on=revision)
    change_set = ChangeSet.objects.create(
        revision=decided,
        requested_by=by,
        status=ChangeSet.Status.APPLIED,
        started_at=written,
        applied_at=written,
        plan_hash="a" * 64,
        planned_at=written,
        approved_hash="a" * 64,
        approved_at=written,
        approved_by=User.objects.exclude(pk=by.pk).first() or User.objects.create(username="colleague"),
    )
    delegation = Delegation.objects.create(
        user=by, text="Bench", starts_on=written.date(), ends_on=now.date() + timedelta(days=1)
    )
    versions = AppVersion.objects.filter(application__name__startswith="Bench").select_related("application")
    decisions = [
        _decide(decided, version, delegation, written)
        for version in versions.order_by("pk")[FIRST_VERSION : FIRST_VERSION + DECISIONS]
    ]
    for entry in decided.entries.all():
        AssignmentChange.objects.create(
            change_set=change_set, app_version=versions.get(application=entry.application_id), written_at=written
        )
    BaselineRevision.objects.filter(pk=decided.pk).update(status=BaselineRevision.Status.DECIDED, decided_at=written)
    _targets(change_set)
    _reports(change_set)
    _days(decisions, now)
    return decisions


def _decide(revision: BaselineRevision, version: AppVersion, delegation: Delegation, at: datetime) -> Decision:
    found = Decision.objects.create(
        kind=Decision.Kind.DELEGATED,
        text=f"{version.application} till alla",
        delegation=delegation,
        decided_by=delegation.user,
        decided_at=at,
    )
    BaselineEntry.objects.create(
        revision=revision,
        profile=profile_of(Municipality.objects.get()),
        application=version.application,
        action="add",
        intent="required",
        decision=found,
    )
    return found


def _targets(change_set: ChangeSet) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO deployments_changetarget (change_id, device_id, effect)
            SELECT part.id, device.id, 'install'
            FROM deployments_assignmentchange AS part CROSS JOIN fleet_device AS device
            WHERE part.change_set_id = %s
            """,
            [change_set.pk],
        )


def _reports(change_set: ChangeSet) -> None:
    """Four of five computers have reported, and every twenty-fifth of those failed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO deployments_installstatus
                (device_id, app_version_id, state, error_code, detail, reported_at)
            SELECT target.device_id, part.app_version_id,
                CASE WHEN target.device_id %% 25 = 0 THEN 'failed' ELSE 'installed' END,
                CASE WHEN target.device_id %% 25 = 0 THEN '0x87D13BA2' ELSE '' END, '',
                part.written_at + interval '1 day'
            FROM deployments_changetarget AS target
            JOIN deployments_assignmentchange AS part ON part.id = target.change_id
            WHERE part.change_set_id = %s AND (target.device_id + part.id) %% 5 <> 0
            ON CONFLICT DO NOTHING
            """,
            [change_set.pk],
        )


def _days(decisions: list[Decision], now: datetime) -> None:
    """Today's figures, as those of all days."""
    note_day(now)
    columns = ", ".join(["decision_id", "school_id", "total", *STATES, "absent"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO deployments_proofday ({columns}, day)
            SELECT {columns}, day - earlier FROM deployments_proofday CROSS JOIN generate_series(1, %s) AS earlier
            WHERE decision_id = ANY(%s)
            """,  # noqa: S608
            [DAYS - 1, [decision.pk for decision in decisions]],
        )
