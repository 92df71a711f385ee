from datetime import timedelta

import pytest

from deployments.queries import application_success, device_targets, progress
from deployments.status import DeviceStatus
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

BEFORE, WRITTEN, AFTER = NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("effect", "written_at", "check_in", "report", "expected"),
    [
        ("install", None, AFTER, None, "waiting_for_intune"),
        ("install", None, AFTER, ("installed", AFTER), "waiting_for_intune"),
        ("install", WRITTEN, None, None, "waiting_for_device"),
        ("install", WRITTEN, BEFORE, None, "waiting_for_device"),
        ("install", WRITTEN, AFTER, None, "waiting_for_intune"),
        ("install", WRITTEN, AFTER, ("installed", AFTER), "installed"),
        ("install", WRITTEN, BEFORE, ("installed", BEFORE), "installed"),
        ("install", WRITTEN, AFTER, ("failed", AFTER), "failed"),
        ("install", WRITTEN, AFTER, ("failed", BEFORE), "waiting_for_intune"),
        ("install", WRITTEN, BEFORE, ("failed", BEFORE), "waiting_for_device"),
        ("install", WRITTEN, AFTER, ("pendingInstall", AFTER), "waiting_for_device"),
        ("install", WRITTEN, AFTER, ("notInstalled", AFTER), "waiting_for_device"),
        ("install", WRITTEN, AFTER, ("notInstalled", None), "waiting_for_intune"),
        ("install", WRITTEN, AFTER, ("notApplicable", BEFORE), "not_applicable"),
        ("install", WRITTEN, AFTER, ("unknown", AFTER), "unknown"),
        ("offer", None, AFTER, None, "waiting_for_intune"),
        ("offer", WRITTEN, None, None, "installed"),
        ("release", WRITTEN, None, ("installed", BEFORE), "installed"),
        ("uninstall", WRITTEN, AFTER, ("notInstalled", AFTER), "installed"),
        ("uninstall", WRITTEN, AFTER, ("installed", BEFORE), "waiting_for_intune"),
        ("uninstall", WRITTEN, AFTER, ("installed", AFTER), "waiting_for_device"),
        ("uninstall", WRITTEN, AFTER, ("uninstallFailed", AFTER), "failed"),
    ],
)
def test_status_follows_from_write_check_in_and_report(effect, written_at, check_in, report, expected) -> None:
    device = make.device(make.school(), last_check_in_at=check_in)
    change = make.assignment_change(make.change_set("applying"), written_at=written_at)
    make.change_target(change, device, effect)
    if report:
        make.install_status(device, change.app_version, report[0], reported_at=report[1])

    assert device_targets(change.change_set, make.person("it_admin")).get().status == expected


def test_report_of_another_app_says_nothing_of_this_one() -> None:
    device = make.device(make.school(), last_check_in_at=BEFORE)
    change = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    make.change_target(change, device)
    make.install_status(device, make.app_version(), "installed")

    assert device_targets(change.change_set, make.person("it_admin")).get().status == "waiting_for_device"


def test_counts_add_up_and_each_leads_to_its_list() -> None:
    change = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    schools, admin = [make.school("Almskolan"), make.school("Björkskolan")], make.person("it_admin")
    for n, state in enumerate(["installed", "installed", "failed", "unknown", "notApplicable", "pendingInstall"]):
        device = make.device(schools[n % 2], last_check_in_at=AFTER)
        make.change_target(change, device)
        make.install_status(device, change.app_version, state, reported_at=AFTER)
    make.change_target(change, make.device(last_check_in_at=AFTER))

    found = progress(change.change_set, admin)

    assert found.total == 7 == change.targets.count()
    assert sum(school.total for school in found.by_school) == found.total
    assert [school.name for school in found.by_school] == ["Almskolan", "Björkskolan", None]
    assert found.as_of == AFTER
    for status in DeviceStatus:
        assert device_targets(change.change_set, admin, status).count() == found.counts[status]


def test_schools_people_see_their_own_share() -> None:
    change = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    mine, theirs = make.school(), make.school()
    make.change_target(change, make.device(mine))
    make.change_target(change, make.device(theirs))

    found = progress(change.change_set, make.person("school_it", mine))

    assert (found.total, [school.school_id for school in found.by_school]) == (1, [mine.pk])


def test_progress_is_one_query(django_assert_num_queries) -> None:
    change = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    for _ in range(5):
        make.change_target(change, make.device(make.school()))
    admin = make.person("it_admin")
    assert admin.access.everywhere

    with django_assert_num_queries(1):
        progress(change.change_set, admin)


def test_success_counts_attempts_that_ended() -> None:
    version, school = make.app_version(), make.school()
    for state in ["installed", "installed", "installed", "failed", "pendingInstall", "notApplicable"]:
        make.install_status(make.device(school), version, state)

    (row,) = application_success(version.application, make.person("it_admin"))

    assert (row.rate, row.installed, row.failed, row.other, row.total) == (0.75, 3, 1, 1, 5)
    assert application_success(version.application, make.person("school_it", make.school())) == []


def test_computer_with_several_apps_counts_once_where_the_least_finished_holds_it() -> None:
    device, admin = make.device(make.school(), last_check_in_at=AFTER), make.person("it_admin")
    done = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    failed = make.assignment_change(done.change_set, written_at=WRITTEN)
    for change, state in ((done, "installed"), (failed, "failed")):
        make.change_target(change, device)
        make.install_status(device, change.app_version, state, reported_at=AFTER)

    found = progress(done.change_set, admin)

    assert (found.total, found.done, found.counts[DeviceStatus.FAILED]) == (1, 0, 1)
    assert device_targets(done.change_set, admin).get().change == failed
    assert not device_targets(done.change_set, admin, "installed").exists()


def test_reports_older_than_the_write_do_not_date_the_progress() -> None:
    change = make.assignment_change(make.change_set("applying"), written_at=WRITTEN)
    device = make.device(make.school(), last_check_in_at=BEFORE)
    make.change_target(change, device)
    make.install_status(device, change.app_version, "installed", reported_at=BEFORE)

    assert progress(change.change_set, make.person("it_admin")).as_of is None
