"""What a complete answer lacks stays until the next complete answer lacks it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fleet.models import Device
from intune_sync.models import IntuneApp, IntuneAssignment, IntuneGroup, SyncRun, UnmatchedRecord
from schools.models import Municipality, School
from tests import factories
from tests.intune_sync.fleet_answers import guid
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


@contextmanager
def lacking(sandbox: SandboxProcess, path: str, share: float) -> Iterator[None]:
    """The same rows of a list are left out, without an error."""
    rule = {"kind": "shrink", "share": share, "count": -1, "match": {"path_contains": path}}
    sandbox.post("/sandbox/faults", rule)
    yield
    sandbox.delete("/sandbox/faults")


def test_object_of_a_computer_is_forgotten_at_the_second(pull_now: PullNow, organisation: Municipality) -> None:
    gone = factories.device(entra_device_id=guid(5), entra_object_id=guid(6))

    runs = []
    for _turn in range(2):
        run = pull_now("entra_devices")
        gone.refresh_from_db()
        runs.append((run.status, run.counts["absent"], run.counts["forgotten"], gone.entra_object_id is None))

    assert runs == [("no_changes", 1, 0, False), ("changed", 1, 1, True)]
    assert gone.entra_absent_runs == 0


def test_object_that_is_there_again_is_trusted(pull_now: PullNow, organisation: Municipality) -> None:
    for resource in ("autopilot", "devices", "entra_devices"):
        pull_now(resource)
    Device.objects.update(entra_absent_runs=1)

    pull_now("entra_devices")

    assert set(Device.objects.exclude(entra_object_id=None).values_list("entra_absent_runs", flat=True)) == {0}


def test_assignments_go_with_their_app_at_the_second(sandbox: SandboxProcess, pull_now: PullNow) -> None:
    pull_now("apps")
    before = IntuneAssignment.objects.count()

    with lacking(sandbox, "/mobileApps", 0.2):
        run = pull_now("apps")
        assert (run.counts["removed"], run.counts["missing"], run.counts["absent"] > 0) == (0, 0, True)
        assert IntuneAssignment.objects.filter(app__absent_runs=1).exists()
        run = pull_now("apps")

    assert run.counts["missing"] == IntuneApp.objects.exclude(missing_since=None).count() > 0
    assert run.counts["removed"] == before - IntuneAssignment.objects.count() > 0
    assert not IntuneAssignment.objects.exclude(app__missing_since=None).exists()


def test_assignment_that_an_app_no_longer_has_goes_at_once(pull_now: PullNow) -> None:
    pull_now("apps")
    IntuneAssignment.objects.create(app=IntuneApp.objects.first(), graph_id="old", key="old", intent="required", raw={})

    assert pull_now("apps").counts["removed"] == 1


def test_group_that_one_answer_lacks_still_makes_the_rule_ambiguous(
    pull_now: PullNow, organisation: Municipality
) -> None:
    school = School.objects.get(group_tag="GY-RONN")
    rule = f'(device.devicePhysicalIds -any (_ -eq "[OrderID]:{school.group_tag}"))'
    IntuneGroup.objects.create(graph_id=guid(1), display_name="Kopia", membership_rule=rule)

    linked = []
    for _turn in range(2):
        pull_now("groups")
        school.refresh_from_db()
        linked.append((school.entra_group_id is not None, UnmatchedRecord.objects.count()))

    assert linked == [(False, 2), (True, 0)]
