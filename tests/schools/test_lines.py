"""What the schools' lines carry: entered by IT, assumed where nobody has."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from schools.models import AuditEvent
from schools.services.lines import lines_of, set_lines
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_usual_line_is_assumed_where_a_schools_own_is_not_known() -> None:
    make.municipality()
    known, other = make.school(line_mbit=100), make.school()

    assert lines_of() == {known.pk: 100, other.pk: 1000}


def test_each_changed_line_leaves_an_event_and_an_unchanged_one_none() -> None:
    make.municipality()
    admin, one, other = make.person("it_admin"), make.school(line_mbit=100), make.school()

    assert set_lines(500, {one.pk: 100, other.pk: 50}, by=admin) == 2

    acts = AuditEvent.objects.filter(act__endswith="line_set").order_by("pk")
    assert [(each.act, each.after) for each in acts] == [
        ("municipality.line_set", {"line_mbit": 500}),
        ("school.line_set", {"line_mbit": 50}),
    ]
    assert lines_of() == {one.pk: 100, other.pk: 50}


def test_line_that_carries_nothing_is_refused() -> None:
    make.municipality()
    school = make.school()

    with pytest.raises(ValidationError):
        set_lines(1000, {school.pk: 0}, by=make.person("it_admin"))

    assert lines_of() == {school.pk: 1000}


def test_page_keeps_what_was_entered_and_shows_what_is_wrong() -> None:
    make.municipality()
    school, client = make.school(), Client()
    client.force_login(make.person("it_admin"))

    wrong = client.post(reverse("schools:lines"), {"usual": "0", f"school-{school.pk}": "200"})
    right = client.post(reverse("schools:lines"), {"usual": "800", f"school-{school.pk}": "200"}, follow=True)

    assert (wrong.status_code, right.status_code) == (400, 200)
    school.refresh_from_db()
    assert school.line_mbit == 200


def test_one_school_and_twenty_cost_the_same_number_of_queries() -> None:
    make.municipality()
    client = Client()
    client.force_login(make.person("it_admin"))
    make.school()
    client.get(reverse("schools:lines"))

    few = _queries(client)
    for _each in range(19):
        make.school()

    assert _queries(client) == few


def _queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse("schools:lines")).status_code == 200
    return len(seen)
