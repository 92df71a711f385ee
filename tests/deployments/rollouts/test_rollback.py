"""Taking a roll-out back by a change of its own."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from deployments.desired import desired_targets
from deployments.effects import target_effects
from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, Rollout
from deployments.organisation import load_organisation, target_rows
from deployments.services import changes, rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.models import School, User
from tests import factories as make
from tests.deployments.request_factories import vetted
from tests.deployments.rollouts.factories import put_in_force, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def carried_out(by: User, before: BaselineRevision, after: BaselineRevision, schools: Sequence[School] = ()) -> Rollout:
    """The change from one revision to the other, with its first ring written."""
    for school in schools or [make.school()]:
        for _ in range(20):
            make.device(school)
    change_set = make.change_set("approved", revision=after)
    states, organisation = [desired_targets(before), desired_targets(after)], load_organisation()
    effects = target_effects(*states)
    for version in {*states[0], *states[1]}:
        sides = [target_rows(state.get(version, ()), organisation) for state in states]
        change = make.assignment_change(change_set, targets_before=sides[0], targets_after=sides[1])
        type(change).objects.filter(pk=change.pk).update(app_version=version)
        for device in Device.objects.filter(pk__in=effects.get(version, {})):
            make.change_target(change, device, effects[version][device.pk])
    row = rollouts.plan_rollout(change_set, Settings(least_per_model=2), by=by, now=NOW)
    row = rollouts.start(row, by=by, now=NOW, put_in_force=put_in_force)
    rollouts.advance(NOW)
    write(row, NOW)
    return row


def says(revision: BaselineRevision) -> set[tuple[object, ...]]:
    return set(revision.entries.values_list("profile", "application", "action", "intent", "version"))


def test_rollback_says_again_what_was_said_before(admin: User) -> None:
    krita, other = make.application("Krita"), vetted(make.application("Annat"))
    old, new = make.app_version(krita, "5.2"), make.app_version(krita, "5.3")
    make.app_version(other)
    before = make.revision("active")
    make.entry(before, make.municipality(), krita, version=old)
    after = make.revision("decided", based_on=before)
    make.entry(after, make.municipality(), krita, version=new)
    make.entry(after, make.municipality(), other)
    row = carried_out(admin, before, after)

    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    row.refresh_from_db()
    assert says(change_set.revision) == says(before)
    assert (change_set.status, change_set.requested_by, row.rollback) == ("draft", admin, change_set)
    assert (row.status, ChangeSet.objects.get(pk=row.change_set_id).status) == ("aborted", "abandoned")
    assert not changes.in_the_way(change_set).exists()


def test_what_followed_the_latest_version_is_pinned_to_the_one_before(admin: User) -> None:
    krita = make.application("Krita")
    old, new = make.app_version(krita, "5.2"), make.app_version(krita, "5.3")
    before = make.revision("active")
    make.entry(before, make.municipality(), krita, version=old)
    after = make.revision("decided", based_on=before)
    make.entry(after, make.municipality(), krita)
    row = carried_out(admin, before, after)
    entry = row.change_set.revision.based_on.entries.get()
    BaselineRevision.objects.filter(pk=before.pk).update(status="draft")
    BaselineEntry.objects.filter(pk=entry.pk).update(version=None)  # it followed the latest, which 5.2 was then
    BaselineRevision.objects.filter(pk=before.pk).update(status="superseded")
    make.entry(row.change_set.revision, make.school(), make.application())

    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    assert new != change_set.revision.entries.get(application=krita).version == old


def unpin(entry: BaselineEntry) -> None:
    """As if it had always followed the latest version."""
    status = entry.revision.status
    BaselineRevision.objects.filter(pk=entry.revision_id).update(status="draft")
    BaselineEntry.objects.filter(pk=entry.pk).update(version=None)
    BaselineRevision.objects.filter(pk=entry.revision_id).update(status=status)


def test_pinned_is_what_the_roll_out_was_to_replace_also_where_a_pilot_school_has_the_version(admin: User) -> None:
    krita = make.application("Krita")
    old, new = make.app_version(krita, "5.2"), make.app_version(krita, "5.3")
    everybody, pilot, other = make.municipality(), make.school(), make.school()
    before = make.revision("active")
    former = make.entry(before, everybody, krita, version=old)
    make.entry(before, pilot, krita, version=new)
    after = make.revision("decided", based_on=before)
    make.entry(after, everybody, krita)
    make.entry(after, pilot, krita, version=new)
    row = carried_out(admin, before, after, [pilot, other])
    assert set(row.members.values_list("device__school", flat=True)) == {other.pk}
    former.refresh_from_db()
    unpin(former)

    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    said = change_set.revision.entries.values_list("profile__school", "version")
    assert set(said) == {(None, old.pk), (pilot.pk, new.pk)}


def test_container_that_the_roll_out_did_not_concern_is_not_pinned(admin: User) -> None:
    """A school has the application since, and follows the latest version."""
    krita = make.application("Krita")
    old, _new = make.app_version(krita, "5.2"), make.app_version(krita, "5.3")
    one, other = make.school(), make.school()
    before = make.revision("active")
    former = make.entry(before, one, krita, version=old)
    after = make.revision("decided", based_on=before)
    make.entry(after, one, krita)
    row = carried_out(admin, before, after, [one, other])
    former.refresh_from_db()
    unpin(former)
    rollouts.abort(row, by=admin, reason="Fel", now=NOW)
    BaselineRevision.objects.filter(pk=after.pk).update(status="superseded", superseded_at=NOW)
    since = make.revision("active", based_on=after)
    for school in (one, other):
        make.entry(since, school, krita)

    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    said = change_set.revision.entries.values_list("profile__school", "version")
    assert set(said) == {(one.pk, old.pk), (other.pk, None)}


def test_what_somebody_decided_since_stays(admin: User) -> None:
    krita, blender = make.application("Krita"), make.application("Blender")
    make.app_version(krita)
    make.app_version(blender)
    before = make.revision("active")
    after = make.revision("decided", based_on=before)
    for application in (krita, blender):
        make.entry(after, make.municipality(), application)
    row = carried_out(admin, before, after)
    rollouts.abort(row, by=admin, reason="Fel", now=NOW)
    BaselineRevision.objects.filter(pk=after.pk).update(status="superseded", superseded_at=NOW)
    since = make.revision("active", based_on=after)
    make.entry(since, make.municipality(), krita)
    make.entry(since, make.municipality(), blender, "available")

    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    assert [(entry.application, entry.intent) for entry in change_set.revision.entries.all()] == [
        (blender, "available")
    ]


def added(admin: User) -> Rollout:
    krita = make.application("Krita")
    make.app_version(krita)
    before = make.revision("active")
    after = make.revision("decided", based_on=before)
    make.entry(after, make.municipality(), krita)
    return carried_out(admin, before, after)


def test_rollback_is_approved_by_another_and_then_it_is_rolled_back(admin: User) -> None:
    row = added(admin)
    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)
    changes.record_plan(change_set, {"calls": []}, "b" * 64, [], by=admin, now=NOW)
    with pytest.raises(changes.OwnRequest):
        changes.approve(change_set, "b" * 64, by=admin, now=NOW)

    approved = changes.approve(change_set, "b" * 64, by=make.person("it_admin"), now=NOW)
    started = changes.start(approved, admin, NOW)
    changes.finish(started, NOW)
    rollouts.advance(NOW + timedelta(minutes=1))

    row.refresh_from_db()
    assert row.status == "rolled_back"


def test_rollback_that_is_withdrawn_may_be_prepared_again(admin: User) -> None:
    row = added(admin)
    change_set = rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)
    with pytest.raises(ValidationError, match="already"):
        rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)

    changes.cancel(change_set, by=admin)
    rollouts.advance(NOW)

    assert rollouts.prepare_rollback(row, by=admin, reason="Kraschar igen", now=NOW).status == "draft"


def test_nothing_is_rolled_back_while_a_ring_is_written(admin: User) -> None:
    row = added(admin)
    rollouts.pass_ring(row, by=admin, now=NOW, reason="Provat")
    rollouts.advance(NOW)

    with pytest.raises(ValidationError, match="being written"):
        rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW)


def test_ring_that_could_not_be_written_does_not_keep_it_from_being_rolled_back(admin: User) -> None:
    row = added(admin)
    rollouts.pass_ring(row, by=admin, now=NOW, reason="Provat")
    rollouts.advance(NOW)
    changes.finish(row.change_set, NOW)
    assert ChangeSet.objects.get(pk=row.change_set_id).status == "failed"

    assert rollouts.prepare_rollback(row, by=admin, reason="Kraschar", now=NOW).status == "draft"
    assert ChangeSet.objects.get(pk=row.change_set_id).status == "abandoned"
