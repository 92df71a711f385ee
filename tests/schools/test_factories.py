"""The factories satisfy every constraint of the database, in every status."""

import pytest

from deployments.models import BaselineRevision, ChangeSet
from intune_sync.models import Operation, SyncRun
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", BaselineRevision.Status.values)
def test_revision_of_every_status_takes_entries(status: str) -> None:
    revision = factories.revision(status)

    factories.entry(revision, factories.school(), factories.application())

    assert BaselineRevision.objects.get(entries__isnull=False).status == status


@pytest.mark.parametrize("status", ChangeSet.Status.values)
def test_change_set_of_every_status_holds_targets(status: str) -> None:
    change = factories.assignment_change(factories.change_set(status))

    factories.change_target(change, factories.device(factories.school()))

    assert ChangeSet.objects.get(changes__targets__isnull=False).status == status


@pytest.mark.parametrize("status", Operation.Status.values)
def test_operation_of_every_status(status: str) -> None:
    change = factories.assignment_change(factories.change_set("applying"))

    assert factories.operation(change, status).status == status


@pytest.mark.parametrize("status", SyncRun.Status.values)
def test_sync_run_of_every_status(status: str) -> None:
    assert factories.sync_run(status=status).status == status


def test_each_level_has_its_container() -> None:
    school = factories.school()
    owners = [factories.municipality(), school.school_form, school, factories.class_group(school)]

    profiles = [factories.profile(owner) for owner in [*owners, factories.device(school)]]

    assert [profile.level for profile in profiles] == [0, 1, 2, 3, 4]
