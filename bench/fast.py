"""A sandbox recorded once, its server that answers at once, and an organisation to place the computers in."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from django.conf import settings
from django.db import connection

from bench.ids import app_id
from bench.recorded import Recording
from deployments.models import Application, AppVersion
from fleet.models import Platform
from intune_sync import runs
from intune_sync.graph.services import SERVICES, Limits
from intune_sync.models import IntuneApp, SyncRun
from intune_sync.sandbox.certificates import server_certificate
from intune_sync.sandbox.tenant import load_tenant
from schools.models import Administration, Municipality, School, SchoolForm
from scripts.children import start_child, stop_children
from scripts.ports import free_port

# The portal asks its budget before each call, as always, and is never told to wait: the answering server has no limits,
# and a wait would say nothing of the portal's own work.
NO_LIMITS = dict.fromkeys(SERVICES, Limits(10**9, 20, 10**9, 20))
FORGET = "TRUNCATE fleet_device, fleet_hardwaremodel, intune_sync_syncrun, intune_sync_unmatchedrecord CASCADE"


@dataclass(frozen=True)
class FastGraph:
    """The server, and the folder of its pages by fleet."""

    url: str
    folder: Path
    recording: Recording
    ca: Path

    def serve(self, computers: int, **how: Any) -> Path:
        """From now on answer for a fleet of that size; returns the folder of its pages. `how`: see `bench.server`."""
        folder = self.folder / str(computers)
        if not folder.exists():
            self.recording.write(folder, computers, self.url)
        said = {"fleet": str(computers), "pages": "base", "delay": 0.0, **how}
        requests.post(f"{self.url}/bench", json=said, verify=str(self.ca), timeout=30).raise_for_status()
        return folder

    def reports(self, computers: int, reports: int) -> Path:
        folder = self.folder / str(computers) / "reports"
        if not folder.exists():
            self.recording.write_reports(folder, computers, reports)
        return folder


@contextmanager
def fast_graph(folder: Path, recording: Recording) -> Iterator[FastGraph]:
    """Its settings hold from here on."""
    folder.mkdir()
    pem, port = server_certificate(folder), free_port()
    url = f"https://127.0.0.1:{port}"
    environment = {"PATH": str(Path(sys.executable).parent), "PYTHONUNBUFFERED": "1"}
    child = start_child(
        "pages", [sys.executable, "-m", "bench.server", str(folder), str(port), str(pem)], environment, folder
    )
    try:
        _wait(url, folder / "ca.pem", child.require_running)
        settings.GRAPH_URL = settings.AUTHORITY_URL = url
        settings.GRAPH_CA_BUNDLE = str(folder / "ca.pem")
        settings.TENANT_ID = "tenant"
        names = ("GRAPH_URL", "AUTHORITY_URL", "GRAPH_CA_BUNDLE", "TENANT_ID")
        os.environ.update({name: getattr(settings, name) for name in names})  # for workers
        yield FastGraph(url, folder, recording, folder / "ca.pem")
    finally:
        stop_children([child], patience_seconds=2)


def _wait(url: str, ca: Path, check: Callable[[], None]) -> None:
    for _attempt in range(200):
        check()
        try:
            requests.post(f"{url}/bench", json={}, verify=str(ca), timeout=1)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The page server did not answer.")


def organise(reports: int) -> dict[int, int]:
    """The sandbox's schools, and a catalogued app for each report; returns our version by the report's number."""
    described = load_tenant()
    municipality = Municipality.objects.first() or Municipality.objects.create(name=described.name)
    for row in described.administrations:
        Administration.objects.get_or_create(municipality=municipality, code=row["code"], name=row["name"])
    for row in described.school_forms:
        SchoolForm.objects.get_or_create(code=row["code"], defaults={"group_tag_prefix": row["group_tag_prefix"]})
    for school in described.schools:
        School.objects.get_or_create(
            group_tag=school.group_tag,
            defaults={
                "administration": Administration.objects.get(code=school.administration),
                "school_form": SchoolForm.objects.get(code=school.school_form),
                "school_unit_code": school.school_unit_code,
                "name": school.name,
            },
        )
    return {number: _version(number).pk for number in range(reports)}


def _version(number: int) -> AppVersion:
    application, _new = Application.objects.get_or_create(name=f"Reported {number}")
    columns: dict[str, Any] = {"application": application, "platform": Platform.WINDOWS, "version": "1"}
    IntuneApp.objects.get_or_create(
        graph_id=app_id(number), defaults={"display_name": f"Reported {number}", "app_type": "win32LobApp"}
    )
    version, _new = AppVersion.objects.get_or_create(
        intune_app_id=app_id(number), defaults={**columns, "app_type": "win32LobApp"}
    )
    return version


def forget() -> None:
    """As if nothing had ever been mirrored; the organisation and the catalogue stay."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute("UPDATE intune_sync_intuneapp SET install_counts = '{}', installs_read_at = NULL")


def mirror(resource: str, mode: str = SyncRun.Mode.FULL) -> SyncRun:
    """A run to its end, without Microsoft's limits; raises RuntimeError when it does not succeed."""
    (run,) = runs.request_runs([resource], SyncRun.Trigger.COMMAND, mode=mode)
    with patch.dict(SERVICES, NO_LIMITS):
        while True:
            run = runs.run(run.pk)
            if run.status != SyncRun.Status.QUEUED:
                break
            SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    if run.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES):
        raise RuntimeError(f"{run.resource}: {run.status} {run.reason} {run.reason_data}")
    return run
