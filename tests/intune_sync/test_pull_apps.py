"""What Intune says that a version needs comes into the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from intune_sync.models import IntuneApp, SyncRun
from intune_sync.payloads.apps import app_row
from tests import factories

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


def test_disk_memory_system_and_size_are_told_to_the_version(organisation: Any, pull_now: PullNow) -> None:
    pull_now("apps")
    fusion = IntuneApp.objects.get(display_name="Autodesk Fusion")
    version = factories.app_version(intune_app_id=fusion.graph_id, size_bytes=1)

    pull_now("apps")

    version.refresh_from_db()
    assert (version.minimum_disk_mb, version.minimum_memory_mb, version.minimum_os) == (12000, 8192, "21H1")
    assert version.size_bytes == fusion.size_bytes


def test_what_people_wrote_stays_where_intune_says_nothing(organisation: Any, pull_now: PullNow) -> None:
    pull_now("apps")
    web = IntuneApp.objects.get(display_name="Exam.net")
    version = factories.app_version(intune_app_id=web.graph_id, minimum_memory_mb=4096, minimum_os="11")

    assert pull_now("apps").status == "no_changes"

    version.refresh_from_db()
    assert (version.minimum_memory_mb, version.minimum_os) == (4096, "11")


def test_oldest_macos_is_the_one_that_is_marked() -> None:
    systems = {"v12_0": False, "v13_0": True, "@odata.type": "#microsoft.graph.macOSMinimumOperatingSystem"}
    raw = {"id": str(factories.uuid()), "minimumSupportedOperatingSystem": systems}

    assert app_row(raw).minimum_os == "13.0"
