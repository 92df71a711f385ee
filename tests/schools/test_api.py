"""Schools and the audit trail for scripts: scope, filters, order, pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from schools import audit
from schools.models import User
from tests import factories
from tests.schools.conftest import Ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(ask: Callable[[User], Ask]) -> Ask:
    return ask(factories.person("it_admin"))


def names(answer: object) -> list[str]:
    return [row["name"] for row in answer.json()["results"]]  # type: ignore[attr-defined]


def test_school_says_what_it_is(get: Ask) -> None:
    school = factories.school("Södra skolan", form="grundskola")

    assert get(f"schools/{school.pk}/").json() == {
        "id": school.pk,
        "school_unit_code": school.school_unit_code,
        "name": "Södra skolan",
        "administration": "GYF",
        "school_form": "grundskola",
        "group_tag": school.group_tag,
        "entra_group_id": str(school.entra_group_id),
    }


def test_list_is_scoped_as_the_pages_are(ask: Callable[[User], Ask]) -> None:
    own = factories.school("Egna")
    other = factories.school("Andra")
    get = ask(factories.person("teacher", own))

    assert names(get("schools/")) == ["Egna"]
    assert get(f"schools/{other.pk}/").status_code == 404


def test_role_that_reads_no_schools_hears_which_would(ask: Callable[[User], Ask]) -> None:
    answer = ask(factories.person("supplier"))("schools/")

    assert answer.status_code == 403
    assert "Teacher" in answer.json()["detail"]


def test_filters_and_order(get: Ask) -> None:
    factories.school("Åsskolan", form="grundskola")
    factories.school("Bergskolan", form="grundskola")
    factories.school("Berggymnasiet")

    assert names(get("schools/", school_form="grundskola", ordering="-name")) == ["Åsskolan", "Bergskolan"]
    assert names(get("schools/", name="berg")) == ["Berggymnasiet", "Bergskolan"]


def test_pages_lead_to_each_other_both_ways(get: Ask) -> None:
    for letter in "ABCDE":
        factories.school(letter)

    first = get("schools/", page_size=2)
    second = get(first.json()["next"].split("/api/v1/")[1])
    third = get(second.json()["next"].split("/api/v1/")[1])
    back = get(second.json()["previous"].split("/api/v1/")[1])

    assert [names(page) for page in (first, second, third)] == [["A", "B"], ["C", "D"], ["E"]]
    assert names(back) == ["A", "B"]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)


def test_page_costs_at_most_four_queries(get: Ask) -> None:
    for _ in range(20):
        factories.school()

    with CaptureQueriesContext(connection) as first_use:
        get("schools/")
    with CaptureQueriesContext(connection) as later:
        get("schools/", page_size=20)

    assert len(later) <= 4
    assert len(first_use) <= len(later) + 1  # the token's time of last use


@pytest.mark.parametrize(
    "parameters, field",
    [
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"page_size": "²"}, "page_size"),
        ({"ordering": "password"}, "ordering"),
        ({"after": "nonsense"}, "after"),
        ({"shcool_form": "grundskola"}, "shcool_form"),
        ({"school_form": "förskola"}, "school_form"),
    ],
)
def test_parameter_that_makes_no_sense_is_refused_by_name(parameters: dict[str, object], field: str, get: Ask) -> None:
    answer = get("schools/", **parameters)

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_audit_events_newest_first_by_object_and_school(get: Ask) -> None:
    north, south = factories.school(), factories.school()
    with transaction.atomic():
        for school in (north, south, north):
            audit.record("school.changed", school, by=None, school=school)

    ids = [event["id"] for event in get("audit-events/").json()["results"]]
    at_north = get("audit-events/", school=north.pk).json()["results"]
    of_south = get("audit-events/", object_type="schools.school", object_id=south.pk).json()["results"]

    assert ids == sorted(ids, reverse=True)
    assert [event["object_id"] for event in at_north] == [str(north.pk)] * 2
    assert [event["object_id"] for event in of_south] == [str(south.pk)]


def test_another_school_is_as_wrong_a_filter_as_one_that_does_not_exist(ask: Callable[[User], Ask]) -> None:
    own, other = factories.school(), factories.school()
    get = ask(factories.person("school_it", own))

    foreign, missing = get("audit-events/", school=other.pk), get("audit-events/", school=other.pk + 1)

    assert foreign.status_code == missing.status_code == 400
    assert foreign.content == missing.content
