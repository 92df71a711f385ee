"""Assignments of many apps, written by the real workers to a sandbox that keeps Microsoft's published limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any
from uuid import UUID

import requests
from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.figures import Count, Finding, Ratio
from bench.progress import say
from deployments.models import Application, AppVersion, AssignmentChange, BaselineRevision, ChangeSet
from deployments.services.semesters import open_semester
from fleet.models import Platform
from intune_sync.graph.services import SERVICES, WINDOW_SECONDS
from intune_sync.models import Operation
from intune_sync.payloads import assignment_for
from intune_sync.push import apply
from schools.services.people import create_person

WORKERS = 2
APP = {"@odata.type": "#microsoft.graph.webApp", "publisher": "Bench", "appUrl": "https://example.org/"}


class Tenant:
    """The sandbox as its administrator sees it: past the portal's client and its budget."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.verify, self._session.trust_env = settings.GRAPH_CA_BUNDLE, False
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.CLIENT_ID,
            "client_secret": settings.CLIENT_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        }
        token = self.ask("POST", f"/{settings.TENANT_ID}/oauth2/v2.0/token", data=form)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._session.request(method, settings.GRAPH_URL + path, timeout=60, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def new_apps(self, count: int) -> Iterator[UUID]:
        for number in range(count):
            body = {**APP, "displayName": f"Written {number}"}
            yield UUID(self.ask("POST", "/v1.0/deviceAppManagement/mobileApps", json=body)["id"])

    def a_group(self) -> str:
        return str(self.ask("GET", "/v1.0/groups?$top=1")["value"][0]["id"])

    def throttle(self, kept: str) -> None:
        self.ask("POST", "/sandbox/settings", json={"throttle": kept})


def measure(writes: int) -> list[Finding]:
    """One change that assigns `writes` apps: a figure for a limit of time, not in rounds."""
    tenant = Tenant()
    say(f"preparing {writes:,} apps")
    change_set = _approved(list(tenant.new_apps(writes)), tenant.a_group())
    tenant.throttle("published")
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        workers = [pool.submit(_work, number) for number in range(WORKERS)]
        while wait(workers, timeout=30).not_done:
            say(f"{Operation.objects.open().count():,} writes left")
        for worker in workers:
            worker.result()
    took = time.perf_counter() - started
    tenant.throttle("off")
    operations = Operation.objects.filter(change_set=change_set)
    allowed = writes / SERVICES["apps"].in_a_window("write") * WINDOW_SECONDS
    verified = operations.filter(status="verified").count()
    assigned = [call for call in _calls(tenant) if call["path"].endswith("/assign")]
    return [
        Ratio(f"{writes:,} assignment writes", took, "what the write budget allows", allowed, 1.25),
        Count("of them confirmed in Intune", verified, writes, exactly=True),
        Count("calls to write them", len(assigned), writes, exactly=True),
        Count("calls refused as too many", sum(call["status"] == 429 for call in assigned), 0, exactly=True),
    ]


def _calls(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.ask("GET", "/sandbox/ledger?method=POST&path_contains=/assign"))


def _work(number: int) -> None:
    """A worker's process, as a thread."""
    try:
        while Operation.objects.open().exists():
            if not apply.work(timezone.now(), worker=f"bench {number}").more:
                time.sleep(0.1)
    finally:
        connection.close()


def _approved(apps: list[UUID], group_id: str) -> ChangeSet:
    """A change whose operations wait for a worker."""
    asks, approves = (create_person(name, name, "a long enough password 1", by=None) for name in ("asks", "approves"))
    now, today = timezone.now(), timezone.localdate()
    baseline = open_semester(
        today.year + 1, "VT", today.replace(today.year + 1, 1, 1), today.replace(today.year + 1, 6, 30), by=None
    )
    change_set = ChangeSet.objects.create(
        revision=BaselineRevision.objects.create(baseline=baseline, number=1, created_by=None),
        status=ChangeSet.Status.APPLYING,
        requested_by=asks,
        approved_by=approves,
        plan_hash="bench",
        approved_hash="bench",
        started_at=now,
    )
    for number, app_id in enumerate(apps):
        version = AppVersion.objects.create(
            application=Application.objects.create(name=f"Written {number}"),
            platform=Platform.WINDOWS,
            version="1",
            intune_app_id=app_id,
            app_type="webApp",
        )
        Operation.objects.create(
            change=AssignmentChange.objects.create(change_set=change_set, app_version=version),
            change_set=change_set,
            intune_app_id=app_id,
            desired=[assignment_for("group", UUID(group_id), "available")],
        )
    return change_set
