import pytest

from deployments.models import BaselineRevision
from deployments.software import desired_state, desired_targets, device_effects, effective_for_device
from deployments.targets import Target, Unreachable
from tests import factories as make

pytestmark = pytest.mark.django_db


def aimed(revision: BaselineRevision, version) -> list[tuple[str, str, bool]]:
    return [(t.kind, t.intent, t.exclude) for t in desired_targets(revision).get(version.pk, ())]


def test_app_of_a_school_form_is_aimed_at_the_forms_group() -> None:
    revision, version, school = make.revision(), make.app_version(), make.school()
    make.municipality()
    make.entry(revision, school.school_form, version.application)

    assert desired_targets(revision) == {version.pk: (Target("school_form", school.school_form_id, "required", False),)}


def test_removal_at_a_school_becomes_an_exclusion() -> None:
    revision, version, school = make.revision(), make.app_version(), make.school()
    make.school()
    make.entry(revision, make.municipality(), version.application)
    make.entry(revision, school, version.application, intent="")

    assert aimed(revision, version) == [("municipality", "required", False), ("school", "required", True)]


def test_latest_version_is_taken_unless_one_is_pinned() -> None:
    revision, school = make.revision(), make.school()
    old = make.app_version(version="1")
    new = make.app_version(old.application, "2")
    make.entry(revision, make.municipality(), old.application)
    make.entry(revision, school, old.application, version=old)

    assert aimed(revision, new) == [("municipality", "required", False), ("school", "required", True)]
    assert aimed(revision, old) == [("school", "required", False)]


def test_each_platform_has_its_own_version() -> None:
    revision = make.revision()
    windows = make.app_version()
    mac = make.app_version(windows.application, platform="macos", app_type="macOSPkgApp")
    make.entry(revision, make.municipality(), windows.application, version=windows)

    assert aimed(revision, windows) == aimed(revision, mac) == [("municipality", "required", False)]


def test_school_without_a_group_is_reported_not_dropped() -> None:
    revision, version, school = make.revision(), make.app_version(), make.school(entra_group_id=None)
    make.municipality()
    make.entry(revision, school, version.application)

    state = desired_state(revision)

    assert state.targets == {}
    assert state.unreachable == {version.application_id: (Unreachable("school", school.pk, "required", "no_group"),)}


def test_container_of_one_computer_is_aimed_at_the_group_that_will_be_created() -> None:
    revision, version, device = make.revision(), make.app_version(), make.device(make.school())
    make.device(device.school)
    make.municipality()
    make.entry(revision, device, version.application)

    assert aimed(revision, version) == [("device", "required", False)]
    assert device_effects(None, revision) == {version.pk: {device.pk: "install"}}


def test_computer_that_goes_without_is_left_out_beside_its_class() -> None:
    revision, version, school = make.revision(), make.app_version(), make.school()
    group = make.class_group(school)
    make.municipality()
    one, other = (make.device(school, class_group=group) for _ in range(2))
    make.entry(revision, group, version.application)
    make.entry(revision, one, version.application, intent="")

    assert aimed(revision, version) == [("class_group", "required", False), ("device", "required", True)]
    assert device_effects(None, revision) == {version.pk: {other.pk: "install"}}


def test_class_group_with_a_group_gets_its_own_target() -> None:
    revision, version, school = make.revision(), make.app_version(), make.school()
    group = make.class_group(school, entra_group_id=make.uuid())
    make.entry(revision, group, version.application)

    assert aimed(revision, version) == [("class_group", "required", False)]


def test_intent_that_intune_does_not_carry_is_reported() -> None:
    revision = make.revision()
    windows = make.app_version()
    mac = make.app_version(windows.application, platform="macos", app_type="macOSPkgApp")
    make.entry(revision, make.municipality(), windows.application, "available")

    state = desired_state(revision)

    assert mac.pk not in state.targets
    assert [each.reason for each in state.unreachable[windows.application_id]] == ["app_type"]


def test_effects_name_each_computer_whose_intent_changes() -> None:
    version, school, other = make.app_version(), make.school(), make.school(form="grundskola")
    before, after = make.revision(), make.revision()
    mine, theirs = make.device(school), make.device(other)
    mac = make.hardware_model("MacBook Air", platform="macos")
    make.device(school, hardware_model=mac)
    make.entry(before, other.school_form, version.application, "available")
    make.entry(after, school.school_form, version.application)

    assert device_effects(before, after) == {version.pk: {mine.pk: "install", theirs.pk: "release"}}


def test_computer_of_an_unknown_school_follows_its_group_tag() -> None:
    version, form, after = make.app_version(), make.school_form("gymnasieskola"), make.revision()
    make.municipality()
    lost = make.device(observed_group_tag=f"{form.group_tag_prefix}NYSKOLA")
    make.device(observed_group_tag="XX-1")
    make.entry(after, form, version.application)

    assert device_effects(None, after) == {version.pk: {lost.pk: "install"}}


def test_effects_cost_the_same_queries_for_one_and_for_thirty_computers(django_assert_num_queries) -> None:
    version, school, after = make.app_version(), make.school(), make.revision()
    make.entry(after, school.school_form, version.application)
    for _ in range(30):
        make.device(school)

    with django_assert_num_queries(9):
        effects = device_effects(None, after)

    assert len(effects[version.pk]) == 30


def test_effective_software_and_targets_agree_for_every_computer() -> None:
    """What the page says a computer has is what Intune's groups give it."""
    version, app = (v := make.app_version()), v.application
    schools = [make.school(), make.school(), make.school(form="grundskola"), make.school(form="komvux")]
    group = make.class_group(schools[0], entra_group_id=make.uuid())
    revision = make.revision("active")
    make.entry(revision, make.municipality(), app)
    make.entry(revision, schools[0].school_form, app, "")
    make.entry(revision, schools[0], app, "available")
    make.entry(revision, group, app, "")
    make.entry(revision, schools[2], app, "uninstall")
    devices = [make.device(school) for school in schools] + [make.device(schools[0], class_group=group)]

    given = {pk: str(effect) for pk, effect in device_effects(None, revision)[version.pk].items()}

    said = {device.pk: effective_for_device(device, revision)[0].intent for device in devices}
    name = {"required": "install", "available": "offer", "uninstall": "uninstall"}
    assert given == {pk: name[intent] for pk, intent in said.items() if intent}


def test_reason_chain_tells_what_decided_and_what_was_overruled() -> None:
    app, school = make.app_version().application, make.school("Rönnskolan")
    revision = make.revision("active")
    make.entry(revision, make.municipality(), app)
    make.entry(revision, school, app, "available")

    (effective,) = effective_for_device(make.device(school), revision)

    assert (effective.intent, str(effective.reason.profile)) == ("available", "Rönnskolan")
    assert [str(entry.profile) for entry in effective.overruled] == ["Ådala kommun"]


def test_app_without_a_version_on_the_platform_has_none() -> None:
    app, school, revision = make.app_version().application, make.school(), make.revision("active")
    make.entry(revision, make.municipality(), app)
    mac = make.device(school, hardware_model=make.hardware_model("MacBook Air", platform="macos"))

    (effective,) = effective_for_device(mac, revision)

    assert (effective.intent, effective.version, effective.is_carried) == ("required", None, False)


def test_class_group_of_another_school_does_not_count() -> None:
    app, revision = make.app_version().application, make.revision("active")
    group = make.class_group(make.school(), entra_group_id=make.uuid())
    make.entry(revision, group, app)
    device = make.device(make.school(), class_group=group)

    assert effective_for_device(device, revision) == []
    assert device_effects(None, revision) == {}
