"""Roles: granted, held, ended; what the database refuses; what access follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from schools.access import Access
from schools.models import AuditEvent, Role, RoleAssignment, School, User
from schools.models.people import SCHOOL_ROLES
from schools.services.people import create_person, grant_role, revoke_role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", SCHOOL_ROLES)
def test_school_role_without_school_is_refused_in_words_and_by_the_database(role: str) -> None:
    person = factories.user()

    with pytest.raises(ValidationError, match=r"which|vilken"):
        grant_role(person, role, by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.role(person, role)


def test_role_cannot_end_before_it_begins() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.role(factories.user(), "auditor", valid_until=factories.LONG_AGO)


def test_same_role_is_held_once() -> None:
    person = factories.person("it_admin")

    with pytest.raises(ValidationError):
        grant_role(person, "it_admin", by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.role(person, "it_admin")


def test_ended_role_may_be_given_again() -> None:
    person = factories.user()
    revoke_role(factories.role(person, "auditor"), by=None)

    grant_role(person, "auditor", by=None)

    assert RoleAssignment.objects.filter(user=person).count() == 2
    assert person.access.everywhere == {"auditor"}


def test_role_counts_between_its_first_and_last_moment() -> None:
    now = timezone.now()
    held = factories.role(factories.user(), "auditor", valid_from=now, valid_until=now + timedelta(days=1))

    def is_current(at: timedelta) -> bool:
        return RoleAssignment.objects.current(now + at).contains(held)

    assert [is_current(timedelta(hours=hours)) for hours in (-1, 0, 23, 24)] == [False, True, True, False]


def test_grant_and_revocation_are_audited_at_the_school() -> None:
    admin, person, school = factories.person("it_admin"), factories.user(), factories.school("Södra skolan")

    revoke_role(grant_role(person, "school_it", school, by=admin), by=admin)

    events = AuditEvent.objects.order_by("id").values_list("act", "actor", "school", "object_id")
    assert list(events) == [
        ("role.granted", admin.pk, school.pk, str(person.pk)),
        ("role.revoked", admin.pk, school.pk, str(person.pk)),
    ]


def test_access_keeps_municipality_and_schools_apart() -> None:
    access = Access.from_roles([("auditor", None), ("school_it", 3), ("teacher", 3), ("teacher", 4)])

    assert access.everywhere == {"auditor"}
    assert access.holds("school_it", school_id=3)
    assert not access.holds("school_it", school_id=4)
    assert not access.holds("school_it")
    assert access.reads_all("fleet.view_device")


def test_school_staff_see_their_school_and_teachers_no_computers() -> None:
    own, other = factories.school(), factories.school()
    staff, teacher = factories.person("school_it", own), factories.person("teacher", own)

    assert list(School.objects.visible_to(staff)) == [own]
    assert list(School.objects.visible_to(teacher)) == [own]
    assert staff.access.school_ids("fleet.view_device") == [own.pk]
    assert teacher.access.school_ids("fleet.view_device") == []
    assert other not in School.objects.visible_to(staff)


@pytest.mark.parametrize("role", [Role.SUPPLIER, ""])
def test_supplier_and_person_without_role_see_no_school(role: str) -> None:
    factories.school()

    assert not School.objects.visible_to(factories.person(role)).exists()


def test_unknown_permission_is_a_programming_error() -> None:
    with pytest.raises(LookupError):
        factories.person("it_admin").has_perm("schools.no_such_thing")


def test_inactive_person_may_nothing() -> None:
    assert not factories.person("it_admin", is_active=False).has_perm("schools.verify_audit")


def test_command_grants_until_the_end_of_a_day() -> None:
    person, school = factories.user(), factories.school()

    call_command("grant_role", person.username, "teacher", "--school", school.school_unit_code, "--until", "2099-06-11")

    held = RoleAssignment.objects.get(user=person)
    assert (held.role, held.school) == ("teacher", school)
    assert timezone.localtime(held.valid_until).isoformat().startswith("2099-06-11T23:59:59")


@pytest.mark.parametrize("username, options", [("nobody", {}), ("somebody", {"school": "99999999"})])
def test_command_names_what_it_cannot_find(username: str, options: dict[str, str]) -> None:
    factories.user("somebody")

    with pytest.raises(CommandError, match=r"nobody|99999999"):
        call_command("grant_role", username, "auditor", **options)


def test_person_is_created_with_a_password_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_PASSWORD", factories.PASSWORD)

    call_command("create_person", "anna", "--name", "Anna Ek", "--password-env", "NEW_PASSWORD")

    assert User.objects.get(username="anna").check_password(factories.PASSWORD)
    assert AuditEvent.objects.get().origin == "command"


@pytest.mark.parametrize("username, password", [("anna", "short"), ("an na", factories.PASSWORD), ("", "x" * 20)])
def test_person_with_weak_password_or_odd_name_is_refused(username: str, password: str) -> None:
    with pytest.raises(ValidationError):
        create_person(username, "Anna Ek", password, by=None)

    assert not User.objects.exists()
