from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from deployments.models import ChangeSet, ChangeTarget, RingMember, Rollout
from deployments.models.moves import InvalidMove
from deployments.rollouts.calendars import suggested_break
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from schools.models import AuditEvent, CalendarPeriod, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def planned(by: User, count: int = 20, **settings) -> Rollout:
    school = make.school()
    change_set = approved_change([make.device(school) for _ in range(count)])
    return rollouts.plan_rollout(change_set, Settings(**settings), by=by, now=NOW)


def sizes(row: Rollout) -> list[int]:
    return [ring.members.count() for ring in row.rings.order_by("number")]


def test_planning_draws_the_rings_and_starts_nothing(admin: User) -> None:
    row = planned(admin, least_per_model=2)

    assert (row.status, sizes(row)) == ("planned", [2, 2, 6, 10])
    assert [ring.share for ring in row.rings.all()] == [1, 10, 50, 100]
    assert not RingMember.objects.exclude(released_at=None).exists()
    assert AuditEvent.objects.get(act="rollout.planned").after["computers"] == [2, 2, 6, 10]


def test_only_an_approved_change_is_rolled_out(admin: User) -> None:
    with pytest.raises(InvalidMove):
        rollouts.plan_rollout(make.change_set("planned"), Settings(), by=admin, now=NOW)


@pytest.mark.parametrize("role", ["auditor", "committee"])
def test_only_it_administrators_plan(role: str) -> None:
    with pytest.raises(PermissionDenied):
        planned(make.person(role))


def test_change_has_one_rollout(admin: User) -> None:
    row = planned(admin)

    with pytest.raises(ValidationError, match="already"):
        rollouts.plan_rollout(row.change_set, Settings(), by=admin, now=NOW)


def test_one_that_was_broken_off_before_its_start_is_planned_again(admin: User) -> None:
    row = planned(admin)
    rollouts.ask_to_start(row, by=admin, now=NOW)
    rollouts.abort(row, by=admin, reason="Fel vecka", now=NOW)
    other = make.person("it_admin")

    again = rollouts.plan_rollout(row.change_set, Settings(shares=(50, 100)), by=other, now=NOW)

    again.refresh_from_db()
    assert (again.pk, again.status, again.created_by) == (row.pk, "planned", other)
    assert (again.started_by, again.ended_at, sizes(again)) == (None, None, [10, 10])
    acts = AuditEvent.objects.filter(act__startswith="rollout.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["rollout.planned", "rollout.queued", "rollout.aborted", "rollout.planned"]


def test_one_that_has_begun_is_not_planned_again(admin: User) -> None:
    row = rollouts.start(planned(admin), by=admin, now=NOW, put_in_force=put_in_force)
    rollouts.abort(row, by=admin, reason="Fel version", now=NOW)
    ChangeSet.objects.update(status="approved")

    with pytest.raises(ValidationError, match="already"):
        rollouts.plan_rollout(row.change_set, Settings(), by=admin, now=NOW)


def test_same_settings_draw_the_same_rings_again(admin: User) -> None:
    row = planned(admin, least_per_model=2)
    before = dict(row.members.values_list("device", "ring__number"))

    rollouts.redraw(row, rollouts.settings_of(row), by=admin, now=NOW)
    again = dict(row.members.values_list("device", "ring__number"))
    rollouts.redraw(row, Settings(seed=2, least_per_model=2), by=admin, now=NOW)

    assert again == before
    assert dict(row.members.values_list("device", "ring__number")) != before


def test_pilot_school_is_the_first_ring(admin: User) -> None:
    pilot, other = make.school(), make.school()
    change_set = approved_change([make.device(pilot), *(make.device(other) for _ in range(9))])

    row = rollouts.plan_rollout(change_set, Settings(strategy="pilot_school", pilot_school=pilot), by=admin, now=NOW)

    assert [member.device.school for member in row.rings.get(number=1).members.all()] == [pilot]


def test_pilot_school_has_computers_in_the_change(admin: User) -> None:
    with pytest.raises(ValidationError, match="no computer"):
        planned(admin, strategy="pilot_school", pilot_school=make.school())


def test_all_at_once_is_for_few_computers_or_what_is_only_offered(admin: User) -> None:
    assert sizes(planned(admin, 100, strategy="all_at_once")) == [100]
    with pytest.raises(ValidationError, match="Use rings"):
        planned(admin, 101, strategy="all_at_once")
    offered = approved_change([make.device() for _ in range(101)], effect="offer")
    row = rollouts.plan_rollout(offered, Settings(strategy="all_at_once"), by=admin, now=NOW)
    assert sizes(row) == [101]


def test_rings_that_are_a_single_one_are_all_at_once(admin: User) -> None:
    assert sizes(planned(admin, 100, shares=(100,))) == [100]
    with pytest.raises(ValidationError, match="Use rings"):
        planned(admin, 101, shares=(100,))


@pytest.mark.parametrize("shares", [(50, 10, 100), (10, 50), (0, 100)])
def test_shares_rise_to_a_hundred(admin: User, shares: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="rising"):
        planned(admin, shares=shares)


def test_start_is_a_coming_day_or_a_coming_break(admin: User) -> None:
    def period(kind: str, month: int) -> CalendarPeriod:
        days = {"starts_on": date(2027, month, 1), "ends_on": date(2027, month, 7)}
        return CalendarPeriod.objects.create(kind=kind, name=f"{kind} {month}", **days)

    for wrong in (
        {"starts_on": date(2027, 1, 10)},
        {"starts_in": period("freeze", 3)},
        {"starts_in": period("break", 1)},
    ):
        with pytest.raises(ValidationError):
            planned(admin, **wrong)
    assert planned(admin, starts_in=period("break", 3)).starts_in.name == "break 3"


def test_computers_are_moved_between_rings_that_have_not_opened(admin: User) -> None:
    row = planned(admin, least_per_model=2)
    first = row.rings.get(number=1)
    device = first.members.first().device_id

    assert rollouts.move_computers(row, [device], 4, by=admin) == 1
    assert sizes(row) == [1, 2, 6, 11]
    first.refresh_from_db()
    first.move_to("opening")
    with pytest.raises(ValidationError, match="not opened"):
        rollouts.move_computers(row, [device], 1, by=admin)


def test_computer_that_is_not_in_the_rollout_is_not_moved(admin: User) -> None:
    row = planned(admin)

    with pytest.raises(ValidationError, match="not in this roll-out"):
        rollouts.move_computers(row, [make.device().pk], 1, by=admin)


def test_rings_are_drawn_anew_when_the_change_has_other_computers(admin: User) -> None:
    row = planned(admin)
    ChangeTarget.objects.create(change=row.change_set.changes.get(), device=make.device(), effect="install")

    with pytest.raises(rollouts.ChangedSinceDrawn):
        rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)


def test_break_of_most_computers_is_suggested_for_what_comes_by_itself() -> None:
    small, large = make.school(), make.school()
    devices = [make.device(small), make.device(large), make.device(large)]
    days = {"starts_on": date(2027, 2, 1), "ends_on": date(2027, 2, 5)}
    CalendarPeriod.objects.create(kind="break", name="Studiedagar", school=small, **days)
    most = CalendarPeriod.objects.create(
        kind="break", name="Sportlov", school=large, starts_on=date(2027, 2, 8), ends_on=date(2027, 2, 12)
    )

    assert suggested_break(approved_change(devices), NOW) == most
    assert suggested_break(approved_change(devices, effect="offer"), NOW) is None
    assert suggested_break(approved_change(devices), NOW.replace(month=3)) is None
