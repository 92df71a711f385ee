from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.catalogue.licences import seats_of
from deployments.catalogue.vetting import may_be_decided
from deployments.models import Application, Capability, LicencePool
from intune_sync.demo_story import catalogue
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> None:
    make.person("it_admin", username="anna")
    make.school("Tekniska", group_tag="GY-TEKN")
    for name in catalogue.APPLICATIONS:
        application = make.application(name)
        make.app_version(application)
        make.app_version(application, platform="macos")
    catalogue.tell(timezone.now())


@pytest.mark.usefixtures("told")
def test_story_has_applications_that_may_and_that_may_not_be_decided() -> None:
    today = timezone.localdate()
    stopped = {app.name for app in Application.objects.all() if may_be_decided(app, today)}

    assert {"Lightbot: Kodtimmen", "Widgit Online", "Inkscape", "Arduino IDE"} == stopped


@pytest.mark.usefixtures("told")
def test_story_has_licences_that_hold_and_one_that_ends_soon() -> None:
    today = timezone.localdate()
    pools = LicencePool.objects.all()

    assert pools.filter(ends_on__lte=today + timedelta(days=60)).count() == 1
    assert len(seats_of([pool.application_id for pool in pools], today)) == len(catalogue.POOLS)


@pytest.mark.usefixtures("told")
def test_story_is_told_once() -> None:
    catalogue.tell(timezone.now())

    assert Capability.objects.count() == len(catalogue.CAPABILITIES)
    assert LicencePool.objects.count() == len(catalogue.POOLS)
