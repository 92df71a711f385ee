"""A pull writes the rows that changed and no others, by PostgreSQL's own count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from deployments.models import InstallStatus
from intune_sync.models import IntuneApp, SyncRun
from intune_sync.pull import install_status
from intune_sync.pull.install_lines import install_lines
from intune_sync.pull.staging import staging
from schools.models import Municipality
from tests import factories
from tests.intune_sync.conftest import point_settings_at
from tests.intune_sync.fleet_answers import MakePull, guid, identity, managed, merge_autopilot, merge_devices
from tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = pytest.mark.django_db

OF_THE_RUN = ["intune_sync_syncrun", "intune_sync_graphcondition", "intune_sync_syncposition", "schools_auditentry"]
RESOURCES = ["groups", "autopilot", "devices", "apps", "filters", "profiles", "detected_apps"]
HEADER = ["DeviceId", "AppInstallState", "LastModifiedDateTime"]
REPORTED = "2026-11-24T07:47:02.0305746Z"
PullNow = Callable[[str], SyncRun]


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox in which nothing happens."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("resting"), devices=60, pace=0.001)
    yield sandbox
    sandbox.stop()


def rows_written() -> int:
    """In this test so far, without what a run says of itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'public' AND NOT relname = ANY(%s)",
            [OF_THE_RUN],
        )
        return int(cursor.fetchone()[0] or 0)


@pytest.mark.parametrize("resource", RESOURCES)
def test_nothing_changed_writes_nothing(
    resource: str, resting: SandboxProcess, settings: Any, pull_now: PullNow, organisation: Municipality
) -> None:
    point_settings_at(resting, settings)
    for first in dict.fromkeys(["autopilot", "devices", "apps", resource]):
        pull_now(first)
    app = IntuneApp.objects.filter(app_type="win32LobApp").first()
    assert app is not None
    factories.app_version(intune_app_id=app.graph_id)
    pull_now(resource)
    before = rows_written()

    run = pull_now(resource)

    assert (run.status, rows_written() - before) == ("no_changes", 0)


def test_one_changed_computer_is_one_row(a_pull: MakePull, organisation: Municipality) -> None:
    registered = [identity(number + 100, f"PF{number}", "GY-RONN") for number in range(20)]
    computers = [managed(number, f"PF{number}") for number in range(20)]
    merge_autopilot(a_pull("autopilot"), *registered)
    merge_devices(a_pull("devices"), *computers)
    before = rows_written()

    merge_autopilot(a_pull("autopilot"), *registered)
    counts = merge_devices(a_pull("devices"), *computers[:-1], managed(19, "PF19", osVersion="10.0.1"))

    assert (counts["updated"], rows_written() - before) == (1, 1)


def test_new_computer_is_written_once_with_its_school(a_pull: MakePull, organisation: Municipality) -> None:
    factories.hardware_model(manufacturer="Lenovo", name="20VKS0M400")
    before = rows_written()

    counts = merge_autopilot(a_pull("autopilot"), identity(1, "PF1", "GY-RONN"))

    assert (counts["created"], counts["placed"], rows_written() - before) == (1, 1, 1)


def merge_installs(pull: Any, version: int, *rows: list[str]) -> dict[str, int]:
    with staging("pulled_installs", install_status.COLUMNS) as table:
        table.add_lines(install_lines(version, HEADER)(list(rows)))
        with transaction.atomic():
            return install_status._merge(pull, [version])


def test_report_read_again_writes_only_what_it_says_anew(a_pull: MakePull) -> None:
    version = factories.app_version().pk
    for number in range(5):
        factories.device(intune_id=UUID(guid(number)))
    rows = [[guid(number), "1", REPORTED] for number in range(5)]
    assert merge_installs(a_pull("install_status"), version, *rows) == {"created": 5, "updated": 0}
    before = rows_written()

    assert merge_installs(a_pull("install_status"), version, *rows) == {"created": 0, "updated": 0}
    assert rows_written() == before

    changed = [*rows[:3], [guid(3), "2", REPORTED]]
    assert merge_installs(a_pull("install_status"), version, *changed) == {"created": 0, "updated": 2}
    assert rows_written() - before == 2
    states = InstallStatus.objects.order_by("device__intune_id").values_list("state", flat=True)
    assert list(states) == ["installed"] * 3 + ["failed", "unknown"]


def scans_of_install_status() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'deployments_installstatus'")
        return int(cursor.fetchone()[0])


def test_report_is_met_with_what_is_kept_once_also_when_postgresql_takes_the_table_for_empty(a_pull: MakePull) -> None:
    version = factories.app_version().pk
    for number in range(50):
        factories.device(intune_id=UUID(guid(number)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE deployments_installstatus")
    before = scans_of_install_status()

    merge_installs(a_pull("install_status"), version, *[[guid(number), "1", REPORTED] for number in range(50)])

    assert scans_of_install_status() - before < 5


def test_of_two_reports_on_one_computer_the_last_counts(a_pull: MakePull) -> None:
    version = factories.app_version().pk
    factories.device(intune_id=UUID(guid(1)))
    older = [guid(1), "2", "2026-11-23T07:47:02Z"]

    merge_installs(a_pull("install_status"), version, older, [guid(1), "1", REPORTED], older)

    assert InstallStatus.objects.get().state == "installed"
