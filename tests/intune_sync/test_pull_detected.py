"""Detected software: added up by name and version, tied to the catalogue, read once a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments.models import DetectedUse
from intune_sync.models import IntuneApp, IntuneDetectedApp, SyncRun
from intune_sync.pull import detected_apps
from intune_sync.schedule import due_resources
from tests import factories
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


def catalogued(name: str) -> Any:
    intune = IntuneApp.objects.get(display_name=name)
    application = factories.application(name)
    factories.app_version(application, intune_app_id=intune.graph_id, app_type=intune.app_type)
    return application


def test_detected_software_is_read_and_counted_by_application(organisation: Any, pull_now: PullNow) -> None:
    pull_now("apps")
    chrome, exam = catalogued("Google Chrome"), catalogued("Exam.net")

    run = pull_now("detected_apps")

    assert (run.status, run.counts["seen"] > 10) == ("changed", True)
    found = IntuneDetectedApp.objects.get(name="Google Chrome")
    assert found.device_count > 100
    assert DetectedUse.objects.get(application=chrome).computers >= found.device_count
    assert not DetectedUse.objects.filter(application=exam).exists()


def test_software_that_nobody_keeps_stands_out(organisation: Any, pull_now: PullNow, sandbox: SandboxProcess) -> None:
    pull_now("apps")
    audacity = catalogued("Audacity")

    pull_now("detected_apps")

    use = DetectedUse.objects.filter(application=audacity).first()
    assert use is not None
    assert use.computers < 10


def test_the_second_reading_changes_nothing(organisation: Any, pull_now: PullNow) -> None:
    pull_now("detected_apps")

    assert pull_now("detected_apps").status == "no_changes"


def test_a_program_counts_for_the_application_with_the_longest_name_that_it_begins_with() -> None:
    short, long = factories.application("Visual Studio"), factories.application("Visual Studio Code")
    for application in (short, long):
        factories.app_version(application)
    counts = {("Visual Studio Code", "1.95"): 3, ("Visual Studio 2022", "17"): 2, ("Visual Studiofilter", "1"): 9}

    assert detected_apps._by_application(counts) == {short.pk: 2, long.pk: 3}


def test_it_is_asked_for_once_a_day(settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS, settings.CLIENT_ID = 900, "id"
    now = timezone.now()
    for resource in SyncRun.Resource.values:
        factories.sync_run(resource, finished_at=now - timedelta(hours=2))

    assert "detected_apps" not in due_resources(now)
    assert "detected_apps" in due_resources(now + timedelta(days=1))
