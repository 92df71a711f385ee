"""What the portal brings before the committee by itself."""

from __future__ import annotations

import pytest

from deployments.catalogue.unused import unused
from deployments.committee.concerns import concerns
from deployments.models import Application, DetectedUse
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("found", "told"), [(0, True), (5, False)])
def test_software_that_people_take_away_is_brought_up(found: int, told: bool) -> None:
    version, school, revision = make.app_version(), make.school(), make.revision("active")
    make.entry(revision, school, version.application)
    for _ in range(5):
        make.install_status(make.device(school), version)
    DetectedUse.objects.create(application=version.application, computers=found, read_at=NOW)

    assert [concern.application for concern in concerns(NOW.date())] == ([version.application] if told else [])
    assert unused(Application.objects.all()).exists() is told
