"""Every status has a look of its own in the table, and every icon is in the sprite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import TextChoices

from deployments.models import BaselineRevision, ChangeSet, InstallStatus, Intent
from deployments.status import DeviceStatus
from fleet.models import Condition, Device
from intune_sync.models import Operation, SyncRun
from schools.status import LOOKS, NOT_KNOWN, look

SHOWN: list[type[TextChoices]] = [
    BaselineRevision.Status,
    ChangeSet.Status,
    Condition,
    Device.Compliance,
    Device.Enrollment,
    Device.Lifecycle,
    DeviceStatus,
    InstallStatus.State,
    Intent,
    Operation.Status,
    SyncRun.Status,
]
ICONS = set((settings.BASE_DIR / "static/icons.txt").read_text().split())
TONES = {"ok", "wait", "warn", "bad", "idle", "info"}
ICON_IN_TEMPLATE = re.compile(r"""{% icon "([a-z0-9-]+)" %}|icon="([a-z0-9-]+)\"""")


@pytest.mark.parametrize("choices", SHOWN, ids=lambda choices: choices.__qualname__)
def test_every_status_is_in_the_table(choices: type[TextChoices]) -> None:
    assert set(choices.values) <= LOOKS.keys()


def test_looks_use_known_tones_and_icons() -> None:
    assert {each.tone for each in LOOKS.values()} <= TONES
    assert {each.icon for each in LOOKS.values()} <= ICONS


def test_new_status_of_microsofts_looks_unknown_and_never_fine() -> None:
    assert look("quantumCompliant") == NOT_KNOWN


@pytest.mark.parametrize(
    "template",
    sorted((settings.BASE_DIR / "templates").rglob("*.html")),
    ids=lambda path: str(path.relative_to(settings.BASE_DIR)),
)
def test_templates_use_icons_of_the_sprite(template: Path) -> None:
    used = {name for names in ICON_IN_TEMPLATE.findall(template.read_text()) for name in names if name}

    assert used <= ICONS
