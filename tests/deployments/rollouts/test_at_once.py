"""Writing a change at once: what size and calendars have against it, and the exception that two people make of that."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from deployments.models import ChangeSet
from deployments.models.moves import InvalidMove
from deployments.rollouts.at_once import Against, against
from deployments.services import at_once, changes, rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.calendar import local_moment
from schools.models import AuditEvent, Notification, School, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change
from tests.factories import NOW

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 1, 11)
"""The day of NOW, which is nine o'clock here."""


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


@pytest.fixture
def colleague() -> User:
    return make.person("it_admin")


def term() -> None:
    make.period("term", "VT", starts_on=date(2027, 1, 7), ends_on=date(2027, 6, 11))


def lessons(begins: time = time(8), ends: time = time(16), **scope: object) -> None:
    for weekday in range(1, 6):
        make.lesson_hours(weekday, begins, ends, **scope)


def freeze(name: str = "Nationella prov", **scope: object) -> None:
    make.period("freeze", name, starts_on=MONDAY, ends_on=date(2027, 1, 13), **scope)


def fleet(count: int, school: School | None = None) -> list[Device]:
    school = school or make.school()
    return [make.device(school) for _ in range(count)]


def hindered(count: int = 3) -> ChangeSet:
    term()
    lessons()
    return approved_change(fleet(count))


def test_few_computers_outside_lessons_and_freezes_may_have_it_at_once() -> None:
    term()
    lessons()

    found = against(approved_change(fleet(3)), local_moment(MONDAY, time(16)))

    assert found == Against(computers=3)
    assert not found


def test_lessons_are_against_it_until_they_end() -> None:
    term()
    lessons()
    school = make.school("Almskolan")

    found = against(approved_change(fleet(2, school)), NOW)

    (closed,) = found.schools
    assert (closed.school, closed.computers, closed.hindrance.kind) == (school.pk, 2, "lessons")
    assert closed.until == found.free_at == local_moment(MONDAY, time(16))
    assert found.sentences[0].startswith("Lessons are held at Almskolan until")


def test_a_freeze_is_named_with_its_schools_and_its_end() -> None:
    here, there = make.school("Almskolan"), make.school("Björkskolan")
    freeze(school=here)

    found = against(approved_change([*fleet(1, here), *fleet(1, there)]), NOW)

    assert [closed.name for closed in found.schools] == ["Almskolan"]
    assert found.free_at == local_moment(date(2027, 1, 14))
    (sentence,) = found.freezes
    assert sentence.startswith("“Nationella prov” goes on at Almskolan until")


def test_many_schools_are_counted_and_not_named() -> None:
    freeze()

    (sentence,) = against(approved_change([make.device(make.school()) for _ in range(4)]), NOW).sentences

    assert sentence.startswith("“Nationella prov” goes on at 4 schools until")


def test_schools_that_are_never_free_together_are_waited_for_one_after_another() -> None:
    term()
    early, late = make.school(), make.school()
    lessons(time(8), time(12), school=early)
    lessons(time(12), time(17), school=late)

    found = against(approved_change([*fleet(1, early), *fleet(1, late)]), NOW)

    assert found.free_at == local_moment(MONDAY, time(17))


def test_computers_of_unknown_school_have_the_calendar_of_all() -> None:
    freeze()

    (closed,) = against(approved_change([make.device(None)]), NOW).schools

    assert closed.school is None


@pytest.mark.parametrize(("count", "is_large"), [(100, False), (101, True)])
def test_more_than_a_hundred_computers_are_too_many(count: int, is_large: bool) -> None:
    found = against(approved_change(fleet(count)), NOW)

    assert (found.is_large, bool(found), found.computers) == (is_large, is_large, count)


@pytest.mark.parametrize("effect", ["offer", "release"])
def test_what_comes_to_nobody_by_itself_is_free(effect: str) -> None:
    term()
    lessons()

    assert not against(approved_change(fleet(101), effect=effect), NOW)


def test_what_takes_a_roll_out_back_is_free() -> None:
    back = hindered(101)
    make.rollout(approved_change([]), status="done", started_at=NOW, rollback=back)

    at_once.check(back, NOW)


@pytest.mark.parametrize("is_approved_by_hand", [False, True])
def test_a_schools_own_decision_is_asked_for_the_calendar_alone(is_approved_by_hand: bool) -> None:
    change_set = hindered(101)
    school = change_set.changes.get().targets.first().device.school
    decision = make.decision(school=school)
    approved_by = make.person("it_admin") if is_approved_by_hand else decision.decided_by
    ChangeSet.objects.filter(pk=change_set.pk).update(decision=decision, approved_by=approved_by)
    change_set.refresh_from_db()

    found = against(change_set, NOW)

    assert (found.is_large, len(found.schools)) == (is_approved_by_hand, 1)


def test_refusal_says_what_and_what_to_do() -> None:
    with pytest.raises(at_once.NotAtOnce) as refused:
        at_once.check(hindered(101), NOW)

    (said,) = refused.value.messages
    assert said.startswith("It installs or removes software on 101 computers, and at most 100 get that at once.")
    assert "Lessons are held at" in said
    assert said.endswith("Plan a roll-out, or ask for an exception to which somebody else agrees.")
    assert refused.value.code == "not_at_once"


def test_two_people_let_it_be_written_at_once(admin: User, colleague: User) -> None:
    change_set = hindered(101)

    at_once.ask(change_set, by=admin, reason="Säkerhetshål", now=NOW)
    assert against(change_set, NOW)
    at_once.agree(change_set, by=colleague, now=NOW)

    at_once.check(change_set, NOW)
    told = Notification.objects.filter(kind="changeset.override")
    assert colleague in [row.user for row in told]
    assert admin not in [row.user for row in told]
    acts = AuditEvent.objects.filter(act__startswith="changeset.override").order_by("pk")
    assert [(row.act, row.reason) for row in acts] == [
        ("changeset.override_requested", "Säkerhetshål"),
        ("changeset.override_approved", "Säkerhetshål"),
    ]


def test_who_asks_may_not_agree(admin: User) -> None:
    change_set = hindered()
    at_once.ask(change_set, by=admin, reason="Säkerhetshål", now=NOW)

    with pytest.raises(ValidationError, match="somebody else"):
        at_once.agree(change_set, by=admin, now=NOW)

    assert against(change_set, NOW)


def test_it_is_asked_for_once_and_agreed_to_once(admin: User, colleague: User) -> None:
    change_set = hindered()
    with pytest.raises(ValidationError, match="No exception"):
        at_once.agree(change_set, by=colleague, now=NOW)
    at_once.ask(change_set, by=admin, reason="Säkerhetshål", now=NOW)
    with pytest.raises(ValidationError, match="already"):
        at_once.ask(change_set, by=colleague, reason="Säkerhetshål", now=NOW)
    at_once.agree(change_set, by=colleague, now=NOW)

    with pytest.raises(ValidationError, match="No exception"):
        at_once.agree(change_set, by=colleague, now=NOW)


def test_an_exception_needs_a_reason_and_something_to_be_against_it(admin: User) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        at_once.ask(hindered(), by=admin, reason=" ", now=NOW)
    with pytest.raises(ValidationError, match="Nothing is against"):
        at_once.ask(approved_change(fleet(1)), by=admin, reason="Bråttom", now=local_moment(MONDAY, time(17)))


@pytest.mark.parametrize("role", ["auditor", "committee", "supplier"])
def test_only_it_administrators_make_exceptions(role: str) -> None:
    change_set = hindered()

    with pytest.raises(PermissionDenied):
        at_once.ask(change_set, by=make.person(role), reason="Bråttom", now=NOW)
    with pytest.raises(PermissionDenied):
        at_once.agree(change_set, by=make.person(role), now=NOW)


def test_only_of_an_approved_change(admin: User) -> None:
    with pytest.raises(InvalidMove):
        at_once.ask(make.change_set("planned"), by=admin, reason="Bråttom", now=NOW)


def test_another_plan_needs_an_exception_of_its_own(admin: User, colleague: User) -> None:
    change_set = hindered()
    at_once.ask(change_set, by=admin, reason="Säkerhetshål", now=NOW)
    at_once.agree(change_set, by=colleague, now=NOW)
    (planned,) = [
        changes.PlannedChange(
            each.app_version, [], [], {target.device_id: target.effect for target in each.targets.all()}
        )
        for each in change_set.changes.all()
    ]
    changes.record_plan(change_set, {"changes": []}, "b" * 64, [planned], by=None, now=NOW)
    again = changes.approve(change_set, "b" * 64, colleague, NOW + timedelta(minutes=1))

    assert against(again, NOW)
    at_once.ask(again, by=admin, reason="Säkerhetshål", now=NOW)


def test_an_exception_for_writing_at_once_lets_no_roll_out_start(admin: User, colleague: User) -> None:
    change_set = hindered()
    row = rollouts.plan_rollout(change_set, Settings(), by=admin, now=NOW)
    at_once.ask(change_set, by=admin, reason="Säkerhetshål", now=NOW)
    at_once.agree(change_set, by=colleague, now=NOW)

    assert rollouts.waits_for(row, NOW) is not None
    rollouts.request_override(row, by=admin, reason="Säkerhetshål", now=NOW)
    rollouts.approve_override(row, by=colleague, now=NOW)
    assert rollouts.waits_for(row, NOW) is None
