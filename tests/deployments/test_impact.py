from datetime import date

import pytest

from deployments.impact import impact_of, impact_of_revision
from deployments.models import LicencePool
from deployments.services.amendments import EntrySpec
from tests import factories as make

pytestmark = pytest.mark.django_db
GB = 1024**3


def spec(owner, version, **columns) -> EntrySpec:
    return EntrySpec(make.profile(owner), version.application, **columns)


def test_computers_and_bytes_are_counted_by_school() -> None:
    version, school, other = make.app_version(size_bytes=100), make.school("Ekskolan"), make.school("Björkskolan")
    for place in (school, school, other):
        make.device(place)

    impact = impact_of(make.revision("active"), [spec(make.municipality(), version)])

    assert [(row.name, row.computers, row.download_bytes) for row in impact.by_school] == [
        ("Björkskolan", 1, 100),
        ("Ekskolan", 2, 200),
    ]
    assert (impact.computers, impact.download_bytes) == (3, 300)


def test_what_holds_already_has_no_impact() -> None:
    active, version, school = make.revision("active"), make.app_version(), make.school()
    make.device(school)
    make.entry(active, make.municipality(), version.application)

    impact = impact_of(active, [spec(school, version)])

    assert impact.computers == 0


def test_removal_is_a_loss_and_downloads_nothing() -> None:
    active, version, school = make.revision("active"), make.app_version(), make.school()
    make.device(school)
    make.entry(active, make.municipality(), version.application)

    impact = impact_of(active, [spec(school, version, action="remove")])

    assert [(app.gains, app.losses) for app in impact.applications] == [(0, 1)]
    assert (impact.computers, impact.download_bytes) == (1, 0)


def test_computer_with_a_container_of_its_own_is_counted_by_itself() -> None:
    version, school = make.app_version(), make.school()
    device = make.device(school)
    make.device(school)

    impact = impact_of(make.revision("active"), [spec(device, version)])

    assert impact.computers == 1


def test_computers_without_disk_or_memory_are_named_by_model() -> None:
    version, school = make.app_version(minimum_disk_mb=20_000, minimum_memory_mb=8192), make.school()
    small = make.hardware_model("Latitude 3120", memory_mb=4096)
    make.device(school, hardware_model=small, storage_free_bytes=5 * GB)
    make.device(school, hardware_model=make.hardware_model("Latitude 7420", memory_mb=16384))

    impact = impact_of(make.revision("active"), [spec(school, version)])

    assert [(lack.what, lack.computers, "3120" in lack.model) for lack in impact.models_lacking] == [
        ("disk", 1, True),
        ("memory", 1, True),
    ]


def test_licences_run_short() -> None:
    version, school = make.app_version(), make.school()
    LicencePool.objects.create(application=version.application, seats=1, ends_on=date(2035, 1, 1))
    make.device(school)
    make.device(school)

    impact = impact_of(make.revision("active"), [spec(school, version)])

    assert [short.missing for short in impact.licences_short] == [1]


def test_failure_rate_of_what_is_to_be_installed_is_known() -> None:
    version, school = make.app_version(), make.school()
    make.install_status(make.device(), version)
    make.install_status(make.device(), version, "failed")
    make.device(school)

    impact = impact_of(make.revision("active"), [spec(school, version)])

    assert [(rate.version, rate.percent) for rate in impact.failure_rates] == [(version, 50)]


def test_nearer_entry_that_says_otherwise_is_told() -> None:
    active, version, school = make.revision("active"), make.app_version(), make.school("Ekskolan")
    other = make.school("Särskolan", form="grundskola")
    for place in (school, other):
        make.device(place)
        make.entry(active, place, version.application, "available")

    impact = impact_of(active, [spec(school.school_form, version)])

    assert [(each.container, each.reason) for each in impact.conflicts] == [("Ekskolan", "nearer")]
    assert impact.computers == 0


def test_school_without_a_group_and_platform_without_a_version_are_told() -> None:
    version, school = make.app_version(), make.school("Ekskolan", entra_group_id=None)
    make.device(school, hardware_model=make.hardware_model("MacBook Air", platform="macos"))

    impact = impact_of(make.revision("active"), [spec(school, version)])

    assert [(each.container, each.reason) for each in impact.unreachable] == [
        ("Ekskolan", "no_group"),
        ("macOS", "no_version"),
    ]


def test_draft_is_held_against_the_revision_it_started_from() -> None:
    active, version, school = make.revision("active"), make.app_version(), make.school()
    make.entry(active, school, version.application)
    make.device(school)

    assert impact_of_revision(make.revision(based_on=active)).computers == 1


def test_impact_costs_the_same_for_one_and_for_thirty_computers(django_assert_max_num_queries) -> None:
    version, school = make.app_version(minimum_disk_mb=1), make.school()
    make.device(school)
    active, wanted = make.revision("active"), [spec(school, version)]
    for _ in range(30):
        make.device(school)

    with django_assert_max_num_queries(12):
        impact_of(active, wanted)
