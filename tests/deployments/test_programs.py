from datetime import date, timedelta

import pytest
from django.test import Client

from deployments.catalogue.programs import programs_of
from tests import factories as make
from tests.deployments.test_pages import get, signed_in
from tests.factories import NOW

pytestmark = pytest.mark.django_db

TODAY = date(2027, 1, 11)


def names(programs) -> list[str]:
    return [each.application.name for each in programs]


def a_school(*programs: str):
    """A school whose form requires these; the revision too."""
    school, revision = make.school("Rönnskolan"), make.revision("active")
    for name in programs:
        make.entry(revision, school.school_form, make.app_version(make.application(name)).application)
    return school, revision


def test_programs_are_those_of_the_school(client: Client) -> None:
    school, revision = a_school("GeoGebra")
    elsewhere = make.app_version(make.application("AutoCAD")).application
    make.entry(revision, make.school("Annan"), elsewhere)

    found = programs_of(school, make.person("teacher", school), TODAY)

    assert names(found.present) == ["GeoGebra"]
    assert [each.name for each in found.more] == ["AutoCAD"]


def test_program_that_the_school_does_without_is_not_there() -> None:
    school, revision = a_school("GeoGebra")
    make.entry(revision, school, revision.entries.get().application, "")

    assert programs_of(school, make.person("teacher", school), TODAY).present == []


def test_program_of_one_class_names_the_class() -> None:
    school, revision = a_school()
    program = make.app_version(make.application("AutoCAD")).application
    make.entry(revision, make.class_group(school, "TE21"), program)

    (found,) = programs_of(school, make.person("teacher", school), TODAY).present

    assert (found.intent, found.classes) == (None, ("TE21",))


def test_since_is_the_first_revision_of_an_unbroken_row() -> None:
    program = make.app_version(make.application("GeoGebra")).application
    school = make.school()
    for days, has_it in ((400, True), (300, False), (200, True), (100, True)):
        revision = make.revision("superseded", activated_at=NOW - timedelta(days=days))
        if has_it:
            make.entry(revision, school, program)
    make.entry(make.revision("active"), school, program)

    (found,) = programs_of(school, make.person("teacher", school), TODAY).present

    assert found.since == NOW - timedelta(days=200)
    assert not found.is_older


def test_program_of_the_first_revision_was_there_before() -> None:
    school, revision = a_school("GeoGebra")

    (found,) = programs_of(school, make.person("teacher", school), TODAY).present

    assert found.is_older
    assert found.since == revision.activated_at


def test_decided_revision_says_what_comes_and_what_goes() -> None:
    school, active = a_school("GeoGebra", "Gammalt")
    decided = make.revision("decided", of=make.baseline("HT", 2027), based_on=active)
    make.entry(decided, school.school_form, active.entries.get(application__name="GeoGebra").application)
    make.entry(decided, school, make.app_version(make.application("Nytt")).application)

    found = programs_of(school, make.person("teacher", school), TODAY)

    assert [(each.application.name, each.arrives, each.on) for each in found.coming] == [
        ("Gammalt", False, date(2027, 8, 7)),
        ("Nytt", True, date(2027, 8, 7)),
    ]


def test_what_is_only_prepared_is_not_coming() -> None:
    school, active = a_school("GeoGebra")
    for status in ("draft", "proposed"):
        revision = make.revision(status, based_on=active)
        make.entry(revision, school, make.app_version().application)

    assert programs_of(school, make.person("teacher", school), TODAY).coming == []


def test_page_is_narrowed_by_subject_grade_and_words(client: Client) -> None:
    school, revision = a_school("GeoGebra", "Audacity", "Lightbot")
    by_name = {entry.application.name: entry.application for entry in revision.entries.all()}
    make.subject("Matematik", by_name["GeoGebra"])
    type(by_name["Lightbot"]).objects.filter(name="Lightbot").update(first_grade=0, last_grade=3)
    signed_in(client, "teacher", school)

    assert names(get(client, "program_list", subject="Matematik").context["present"]) == ["GeoGebra"]
    assert names(get(client, "program_list", grade="11").context["present"]) == ["Audacity", "GeoGebra"]
    assert names(get(client, "program_list", q="matem").context["present"]) == ["GeoGebra"]


def test_person_of_two_schools_switches_and_is_remembered(client: Client) -> None:
    a, b = make.school("A-skolan"), make.school("B-skolan")
    teacher = make.person("teacher", a)
    make.role(teacher, "teacher", b)
    client.force_login(teacher)

    assert get(client, "program_list").context["school"] == a
    assert get(client, "program_list", school=str(b.pk)).context["school"] == b
    assert get(client, "program_list").context["school"] == b


def test_another_schools_programs_are_not_shown(client: Client) -> None:
    own, other = make.school("Egna"), make.school("Andra")
    signed_in(client, "teacher", own)

    assert get(client, "program_list", school=str(other.pk)).context["school"] == own


def test_page_costs_the_same_with_many_programs_and_revisions(client: Client, django_assert_max_num_queries) -> None:
    school, _revision = a_school(*(f"Program {n}" for n in range(20)))
    for days in range(30, 60):
        make.revision("superseded", activated_at=NOW - timedelta(days=days))
    signed_in(client, "teacher", school)
    get(client, "program_list")

    with django_assert_max_num_queries(10):
        get(client, "program_list")
