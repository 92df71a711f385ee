"""Exceptions: asked for, decided by the right person, in force between their days, and gone afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from deployments.exceptions.queue import waiting_for
from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, ExceptionRenewal, SoftwareException
from deployments.models.moves import InvalidMove
from deployments.services import changes, class_groups, exceptions
from deployments.services.exceptions import Asked, NotYourTurn, OwnException
from deployments.services.exceptions.asking import Overlap
from deployments.services.rollback import said_before_that_holds
from deployments.software import effective_for_container, effective_for_device
from fleet.models import Device
from schools.models import AuditEvent, Notification, School, User
from tests import factories as make
from tests.deployments.exception_factories import carried_out, day
from tests.deployments.request_factories import staff, vetted
from tests.deployments.test_amendments import activate
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LAST = date(2027, 1, 31)


@pytest.fixture
def school(db: None) -> School:
    make.semester("VT", 2027)
    make.revision("active")
    return make.school()


def asked(place: Any, by: User, **columns: Any) -> SoftwareException:
    said = {"kind": "required", "reason": "Särskilt stöd", "ends_on": LAST, **columns}
    application = said.pop("application", None) or vetted()
    return exceptions.ask(Asked(application=application, place=place, **said), by, NOW)


def approved(school: School, place: Any = None, **columns: Any) -> SoftwareException:
    people = staff(school)
    row = asked(place or make.device(school), people["teacher"], **columns)
    return exceptions.approve(row, people["approver"], NOW)


def in_force(school: School, place: Any = None, **columns: Any) -> SoftwareException:
    row = approved(school, place, **columns)
    carried_out(row.change_set, NOW)
    exceptions.advance(NOW)
    return SoftwareException.objects.get(pk=row.pk)


def intent_on(device: Device, row: SoftwareException) -> str | None:
    found = {app.application: app.intent for app in effective_for_device(device)}
    return found.get(row.application)


def run(row: SoftwareException, at: Any) -> SoftwareException:
    """The clock, and the engine with what the clock has made."""
    exceptions.advance(at)
    row = SoftwareException.objects.get(pk=row.pk)
    change = row.end_change or row.change_set
    if change and change.status == ChangeSet.Status.DRAFT:
        carried_out(change, at)
    exceptions.advance(at)
    return SoftwareException.objects.get(pk=row.pk)


def uninstalled(row: SoftwareException, at: Any) -> None:
    version = row.application.versions.get()
    make.install_status(row.device, version, "notInstalled", reported_at=at)


def test_approval_gives_the_application_to_that_computer_alone(school: School) -> None:
    device, neighbour = make.device(school), make.device(school)

    row = in_force(school, device)

    assert row.status == "in_force"
    assert (intent_on(device, row), intent_on(neighbour, row)) == ("required", None)


def test_class_group_goes_without_what_its_school_has(school: School) -> None:
    group, application = make.class_group(school), vetted()
    make.entry(BaselineRevision.objects.active().get(), school, application)

    row = in_force(school, group, application=application, kind="away")

    held = {app.application: app.intent for app in effective_for_container(make.profile(group))}
    assert (row.status, held[application]) == ("in_force", None)


def test_nobody_decides_on_their_own_exception(school: School) -> None:
    approver, another = make.person("approver", school), make.person("approver", school)
    row = asked(make.device(school), approver)

    with pytest.raises(OwnException):
        exceptions.approve(row, approver, NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        SoftwareException.objects.filter(pk=row.pk).update(approved_by=approver)
    assert exceptions.approve(row, another, NOW).approved_by == another


def test_approver_of_another_school_may_not_decide(school: School) -> None:
    row = asked(make.device(school), staff(school)["teacher"])

    with pytest.raises(PermissionDenied):
        exceptions.approve(row, make.person("approver", make.school()), NOW)


def test_it_decides_what_is_not_vetted_and_only_when_it_is(school: School) -> None:
    people, it = staff(school), make.person("it_admin")
    application = make.app_version().application
    row = asked(make.device(school), people["teacher"], application=application)

    assert row.turn == "it"
    with pytest.raises(NotYourTurn):
        exceptions.approve(row, people["approver"], NOW)
    with pytest.raises(ValidationError, match="granskningskort"):
        exceptions.approve(row, it, NOW)
    vetted(application)
    assert exceptions.approve(row, it, NOW).status == "approved"


def test_it_decides_where_the_school_has_nobody_else(school: School) -> None:
    approver = make.person("approver", school)

    row = asked(make.device(school), approver)

    assert row.turn == "it"
    assert [each.pk for each in waiting_for(make.person("it_admin"), NOW)] == [row.pk]


def test_it_may_decide_when_the_school_is_late(school: School) -> None:
    row, it = asked(make.device(school), staff(school)["teacher"]), make.person("it_admin")

    with pytest.raises(NotYourTurn):
        exceptions.approve(row, it, NOW)
    assert exceptions.approve(row, it, day(9)).status == "approved"


def test_short_of_licences_goes_to_it(school: School) -> None:
    people, application = staff(school), vetted()
    make.licence_pool(application, seats=0)

    row = asked(make.device(school), people["teacher"], application=application)

    assert row.turn == "it"
    with pytest.raises(ValidationError, match="licens"):
        exceptions.approve(row, make.person("it_admin"), NOW)


def test_second_exception_of_the_same_place_and_application_is_refused_with_what_to_do(school: School) -> None:
    device, teacher = make.device(school), make.person("teacher", school)
    row = asked(device, teacher)

    with pytest.raises(Overlap) as refusal:
        asked(device, teacher, application=row.application, kind="available")

    assert (refusal.value.other, len(refusal.value.messages)) == (row, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        SoftwareException.objects.create(
            application=row.application,
            device=device,
            kind="away",
            reason="x",
            starts_on=LAST,
            ends_on=LAST,
            asked_by=teacher,
            asked_at=NOW,
        )


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"ends_on": date(2028, 7, 1)}, "ends_on"),  # the semester ends on 20 June 2027, and a year more is 19 June
        ({"ends_on": date(2027, 1, 10)}, "ends_on"),
        ({"starts_on": date(2027, 1, 10)}, "starts_on"),
        ({"reason": " "}, "reason"),
        ({"kind": "away"}, "kind"),
        ({"kind": "whatever"}, "kind"),
    ],
)
def test_what_means_nothing_is_refused(school: School, columns: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        asked(make.device(school), make.person("teacher", school), **columns)

    assert field in refusal.value.message_dict


def test_same_as_everybody_gets_needs_no_exception(school: School) -> None:
    application = vetted()
    make.entry(BaselineRevision.objects.active().get(), school, application)

    with pytest.raises(ValidationError) as refusal:
        asked(make.device(school), make.person("teacher", school), application=application)
    assert list(refusal.value.message_dict) == ["kind"]


def test_it_begins_on_its_first_day(school: School) -> None:
    row = approved(school, starts_on=date(2027, 1, 15))

    assert (row.change_set, run(row, day(3)).change_set) == (None, None)
    assert run(row, day(4)).status == "in_force"


def test_it_ends_by_itself_and_the_application_is_uninstalled_and_gone(school: School) -> None:
    device = make.device(school)
    row = in_force(school, device)

    assert run(row, day(20)).status == "in_force"  # 31 January is its last day
    row = run(row, day(21))
    assert (row.status, row.ended_why, intent_on(device, row)) == ("ending", "last_day", "uninstall")
    assert run(row, day(22)).status == "ending"
    uninstalled(row, day(22))
    row = run(row, day(23))

    assert (row.status, intent_on(device, row)) == ("ended", None)
    assert not BaselineEntry.objects.filter(revision__status="active", decision__exception=row).exists()


def test_computer_that_is_never_heard_from_does_not_keep_it_for_ever(school: School) -> None:
    row = in_force(school)

    assert run(row, day(21)).status == "ending"
    assert run(row, day(34)).status == "ending"
    assert run(row, day(36)).status == "ended"


def test_what_was_said_before_holds_again(school: School) -> None:
    device, application = make.device(school), vetted()
    active = BaselineRevision.objects.active().get()
    make.entry(active, device, application, "available")
    make.entry(active, school, application)

    row = in_force(school, device, application=application, kind="away")
    assert intent_on(device, row) is None
    row = run(row, day(21))

    assert (row.status, intent_on(device, row)) == ("ended", "available")


def test_what_ended_meanwhile_does_not_come_back(school: School) -> None:
    device = make.device(school)
    first = in_force(school, device)
    SoftwareException.objects.filter(pk=first.pk).update(status="ended", ended_at=NOW, ended_why="last_day")
    second = approved(school, device, application=first.application, kind="available")

    assert second.decision.entries.exists()
    assert said_before_that_holds(second.decision) == {}


def test_ended_early_by_hand_with_a_reason(school: School) -> None:
    row = in_force(school)

    with pytest.raises(ValidationError):
        exceptions.end(row, row.approved_by, " ", NOW)
    ending = exceptions.end(row, row.approved_by, "Eleven har slutat", day(2))

    assert (ending.status, ending.why_over, ending.ended_by) == ("ending", "Eleven har slutat", row.approved_by)


def test_what_has_not_begun_is_over_at_once(school: School) -> None:
    row = approved(school)

    ended = exceptions.end(row, row.approved_by, "Ångrar oss", NOW)

    assert (ended.status, ended.change_set.status) == ("ended", "cancelled")


def test_renewal_needs_another_person_and_leaves_no_gap(school: School) -> None:
    row = in_force(school)
    approver, other = row.approved_by, make.person("approver", school)

    exceptions.renew(row, date(2027, 3, 31), "Behövs hela våren", approver, day(10))
    with pytest.raises(OwnException):
        exceptions.grant(row, approver, day(11))
    exceptions.grant(row, other, day(11))
    changes_before = ChangeSet.objects.count()

    row = run(row, day(25))
    assert (row.status, row.ends_on, ChangeSet.objects.count()) == ("in_force", date(2027, 3, 31), changes_before)
    assert run(row, day(80)).status == "ending"
    assert ExceptionRenewal.objects.get().ended_on == LAST


def test_refused_renewal_lets_it_end_as_it_was_to(school: School) -> None:
    row = in_force(school)
    exceptions.renew(row, date(2027, 3, 31), "Behövs", row.asked_by, day(10))

    exceptions.refuse_renewal(row, row.approved_by, "Läsåret räcker", day(11))

    assert run(row, day(21)).status == "ending"


def test_unanswered_renewal_lapses_with_the_exception(school: School) -> None:
    row = in_force(school)
    exceptions.renew(row, date(2027, 3, 31), "Behövs", row.asked_by, day(10))

    run(row, day(21))

    assert ExceptionRenewal.objects.get().status == "lapsed"
    with pytest.raises(InvalidMove):
        exceptions.grant(row, row.approved_by, day(22))


def test_asker_and_approver_are_reminded_14_and_3_days_before(school: School) -> None:
    row = in_force(school)
    SoftwareException.objects.update(ends_on=date(2027, 3, 31))
    last = date(2027, 3, 31)

    for left in (15, 14, 13, 4, 3, 3, 2, 0):
        exceptions.remind(last - timedelta(days=left))

    told = Notification.objects.filter(kind="exception.ends_soon").values_list("user", "episode")
    stages = {episode.rsplit(":", 1)[1] for _user, episode in told}
    assert ({user for user, _episode in told}, stages) == ({row.asked_by_id, row.approved_by_id}, {"14", "3"})
    assert len(told) == 4


@pytest.mark.parametrize(("why", "change"), [("retired", {"lifecycle": "retired"}), ("moved", {"school": None})])
def test_computer_that_is_gone_ends_it_with_the_reason(school: School, why: str, change: dict[str, Any]) -> None:
    row = in_force(school)
    Device.objects.filter(pk=row.device_id).update(**change)

    row = run(row, day(2))

    assert row.ended_why == why
    assert row.status == ("ended" if why == "retired" else "ending")


def test_computer_that_moved_is_no_reason_for_it_to_look(school: School) -> None:
    """The change that takes the application from it again concerns the exception's computer alone, wherever it is."""
    row = in_force(school)
    Device.objects.filter(pk=row.device_id).update(school=make.school())
    exceptions.advance(day(2))
    change = SoftwareException.objects.get().end_change
    version = row.application.versions.get()
    planned = changes.PlannedChange(version, [], [], {row.device_id: "uninstall"})
    changes.record_plan(change, {"changes": []}, "e" * 64, [planned], by=None, now=day(2))

    assert changes.approve_by_decision(change, "e" * 64, day(2)).status == "approved"


def test_class_group_that_is_removed_ends_it(school: School) -> None:
    group = make.class_group(school)
    row = in_force(school, group)

    class_groups.remove(group, make.person("school_it", school), day(1))
    row = run(row, day(2))

    assert (row.status, row.ended_why) == ("ended", "class_removed")


def test_later_decision_that_says_something_else_ends_it(school: School) -> None:
    row = in_force(school)

    activate(make.revision())
    exceptions.advance(day(2))

    row.refresh_from_db()
    assert (row.status, row.ended_why) == ("ended", "overruled")


def test_place_that_is_gone_before_a_decision_is_refused(school: School) -> None:
    row = asked(make.device(school), make.person("teacher", school))
    Device.objects.update(lifecycle="retired")

    exceptions.advance(day(1))

    row.refresh_from_db()
    assert (row.status, row.ended_why) == ("refused", "retired")


def test_each_step_is_in_the_audit_trail(school: School) -> None:
    row = run(in_force(school), day(21))
    uninstalled(row, day(22))
    run(row, day(23))

    acts = AuditEvent.objects.filter(act__startswith="exception.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == [
        "exception.asked",
        "exception.approved",
        "exception.in_force",
        "exception.ending",
        "exception.ended",
    ]
