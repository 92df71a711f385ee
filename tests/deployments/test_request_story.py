import pytest
from django.utils import timezone

from deployments.models import AppRequest
from intune_sync.demo_story import requests as story
from tests import factories as make
from tests.deployments.request_factories import vetted

pytestmark = pytest.mark.django_db


def test_story_has_requests_in_many_states_and_is_told_once() -> None:
    make.entry(make.revision("active"), make.municipality(), make.app_version().application)
    schools = {tag: make.school(group_tag=tag) for tag in (story.RONN, story.TEKN)}
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
    ]:
        make.person(role, schools.get(tag), username=username)
    vetted(make.app_version(make.application("MuseScore Studio")).application)
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
        "school",
        "school",
        "draft",
    ]
