from collections.abc import Iterator
from datetime import date

import pytest
from django.utils import translation

from deployments.catalogue.licences import seats_left, seats_of, shortfall, shortfalls
from deployments.models import LicencePool
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


TODAY = date(2027, 1, 11)


def required_at(*schools: tuple[str, int]):
    """An application that is required at each school, which has so many computers; the schools in the same order."""
    application = make.app_version().application
    revision = make.revision("active")
    made = []
    for name, computers in schools:
        school = make.school(name)
        make.entry(revision, school, application)
        for _ in range(computers):
            make.device(school)
        made.append(school)
    return application, *made


def pool(application, seats, school=None, **columns):
    return LicencePool.objects.create(application=application, seats=seats, school=school, **columns)


def test_application_without_pools_needs_no_licence() -> None:
    application, school = required_at(("A", 1))

    assert seats_left(application, school, TODAY) is None
    assert shortfall(application, school, 1000, TODAY) is None


def test_schools_own_seats_are_taken_before_the_municipalitys() -> None:
    application, a, b = required_at(("A", 3), ("B", 1))
    pool(application, 2, a)
    pool(application, 5)

    assert seats_left(application, b, TODAY) == 3
    assert seats_left(application, None, TODAY) == 3


def test_free_seats_of_one_school_are_not_another_schools() -> None:
    application, a, b = required_at(("A", 1), ("B", 1))
    pool(application, 10, a)
    pool(application, 1)

    assert seats_left(application, a, TODAY) == 9
    assert seats_left(application, b, TODAY) == 0


def test_what_one_school_lacks_takes_nothing_of_anothers_own() -> None:
    application, a, b = required_at(("A", 1), ("B", 5))
    pool(application, 3, a)

    assert seats_left(application, a, TODAY) == 2
    assert seats_left(application, b, TODAY) == 0


def test_pool_that_has_ended_gives_no_seat() -> None:
    application, school = required_at(("A", 1))
    pool(application, 10, ends_on=date(2027, 1, 10))

    assert seats_left(application, school, TODAY) == 0
    assert seats_left(application, school, date(2027, 1, 10)) == 9


def test_pool_without_a_number_is_enough_for_all() -> None:
    application, school = required_at(("A", 1))
    pool(application, None)

    assert seats_left(application, school, TODAY) is None


def test_shortfall_says_how_many_would_lack() -> None:
    application, school = required_at(("A", 1))
    pool(application, 4)

    short = shortfall(application, school, 5, TODAY)

    assert short is not None
    assert (short.missing, short.left) == (2, 3)
    assert str(short) == f"{application} lacks 2 licences: 3 are left for 5 computers."
    assert shortfall(application, school, 3, TODAY) is None


def test_available_application_takes_no_seat() -> None:
    school, application = make.school(), make.app_version().application
    make.entry(make.revision("active"), school, application, "available")
    make.device(school)
    pool(application, 1)

    assert seats_left(application, school, TODAY) == 1


def test_computer_with_a_removal_of_its_own_takes_no_seat() -> None:
    school, application = make.school(), make.app_version().application
    revision = make.revision("active")
    make.entry(revision, school, application)
    make.device(school)
    make.entry(revision, make.device(school), application, "")
    pool(application, 5)

    assert seats_of([application.pk], TODAY)[application.pk].taken == 1


def test_computers_of_a_platform_without_a_version_take_no_seat() -> None:
    application, school = required_at(("A", 1))
    make.device(school, hardware_model=make.hardware_model("MacBook Air", platform="macos"))
    pool(application, 5)

    assert seats_left(application, school, TODAY) == 4


def test_revision_that_wants_more_than_there_is_falls_short() -> None:
    application, *_schools = required_at(("A", 2))
    pool(application, 1)
    revision = application.entries.get().revision

    assert [(each.application, each.missing) for each in shortfalls(revision, TODAY)] == [(application, 1)]


def test_seats_cost_the_same_however_many_applications(django_assert_max_num_queries) -> None:
    application, *_ = required_at(("A", 2), ("B", 2), ("C", 1))
    pool(application, 1)

    with django_assert_max_num_queries(7):
        seats_of([application.pk], TODAY)
