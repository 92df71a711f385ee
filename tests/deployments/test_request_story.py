import pytest
from django.utils import timezone

from deployments.models import AppRequest
from intune_sync.demo_story import requests as story
from tests import factories as make
from tests.deployments.request_factories import vetted

pytestmark = pytest.mark.django_db


def test_story_has_requests_in_every_state_that_needs_no_computer_and_is_told_once() -> None:
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    schools = {tag: make.school(group_tag=tag) for tag in (story.RONN, story.TEKN, story.NORR)}
    for school in schools.values():
        for _ in range(4):
            make.device(school)
    for username, role, tag in [
        ("anna", "it_admin", None),
        ("bengt", "it_admin", None),
        ("cecilia", "approver", story.RONN),
        ("david", "school_it", story.RONN),
        ("eva", "school_it", story.TEKN),
        ("filip", "teacher", story.RONN),
        ("mona", "approver", story.NORR),
        ("nils", "teacher", story.NORR),
    ]:
        make.person(role, schools.get(tag), username=username)
    for name in ("MuseScore Studio", "GIMP", "GeoGebra Klassisk 6"):
        vetted(make.app_version(make.application(name)).application)
    for name in ("Inkscape", "Widgit Online", "Arduino IDE", "Python 3", "Visual Studio Code", "Audacity"):
        make.app_version(make.application(name))

    story.tell(timezone.now())
    story.tell(timezone.now())

    states = AppRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(states) == [
        "refused",
        "committee",
        "review",
        "merged",
        "withdrawn",
        "planned",
        "planned",
        "installing",
        "school",
        "school",
        "school",
        "draft",
    ]
    assert [request.pilot_devices.count() for request in AppRequest.objects.filter(status="planned")] == [2, 0]
    deciders = AppRequest.objects.exclude(approved_by=None).values_list("approved_by__username", flat=True)
    assert set(deciders) == {"cecilia", "mona"}
