"""Groups and their members by what Entra says has changed: in any order, repeated, in parts, and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from fleet.models import Device
from intune_sync import runs
from intune_sync.models import GroupMember, IntuneGroup, SyncPosition, SyncRun
from intune_sync.pull.group_changes import GroupChanges, save_changes
from intune_sync.pull.members import change_members
from intune_sync.pull.outcome import UnsafeAnswer
from schools.models import Municipality, School
from tests.factories import NOW
from tests.intune_sync.fleet_answers import MakePull, guid
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]
Item = dict[str, Any]
COMPUTER, PERSON = "#microsoft.graph.device", "#microsoft.graph.user"


def item(number: Any = 1, **fields: Any) -> Item:
    return {"id": guid(number), **fields}


def member(number: int, kind: str = COMPUTER, *, out: bool = False) -> Item:
    shown: Item = {"@odata.type": kind, "id": guid(number)}
    return {**shown, "@removed": {"reason": "deleted"}} if out else shown


def removed(number: int = 1, reason: str = "deleted") -> Item:
    return item(number, **{"@removed": {"reason": reason}})


def told(*items: Item) -> GroupChanges:
    changes = GroupChanges()
    for each in items:
        changes.take(each)
    return changes


def known_group(number: int = 1, **columns: Any) -> IntuneGroup:
    return IntuneGroup.objects.create(graph_id=guid(number), display_name="Before", members_read_at=NOW, **columns)


def inside(group: IntuneGroup) -> set[UUID]:
    return set(group.members.values_list("object_id", flat=True))


def window(resource: str) -> SyncRun:
    return runs.run(runs.request_runs([resource], "schedule", mode="window")[0].pk)


def test_what_is_not_said_of_a_group_stays(a_pull: MakePull) -> None:
    group = known_group(membership_rule="a rule")

    save_changes(a_pull("groups"), told(item(displayName="After <b>")))

    group.refresh_from_db()
    assert (group.display_name, group.membership_rule) == ("After <b>", "a rule")


def test_rule_that_was_taken_away_is_said_as_null(a_pull: MakePull) -> None:
    group = known_group(membership_rule="a rule")

    save_changes(a_pull("groups"), told(item(membershipRule=None)))

    group.refresh_from_db()
    assert group.membership_rule == ""


def test_parts_of_one_group_add_up_in_any_order(db: None) -> None:
    parts = [
        item(displayName="A"),
        item(**{"members@delta": [member(11), member(12)]}),
        item(**{"members@delta": [member(13)]}),
    ]

    for order in permutations(parts):
        group = known_group()
        changes = told(*order)
        change_members(changes.members)

        assert changes.said[UUID(guid(1))]["displayName"] == "A"  # type: ignore[index]
        assert inside(group) == {UUID(guid(number)) for number in (11, 12, 13)}
        group.delete()


def test_replay_changes_nothing(a_pull: MakePull) -> None:
    group = known_group()
    changes = told(item(displayName="A", **{"members@delta": [member(11), member(12, out=True)]}))
    save_changes(a_pull("groups"), changes)
    change_members(changes.members)

    counts = save_changes(a_pull("groups"), changes)

    assert (counts["created"], counts["updated"], change_members(changes.members)) == (0, 0, 0)
    assert inside(group) == {UUID(guid(11))}


def test_what_comes_last_counts(a_pull: MakePull) -> None:
    group = known_group()
    save_changes(a_pull("groups"), told(removed(), item(displayName="Back")))
    change_members(told(item(**{"members@delta": [member(11), member(11, out=True)]})).members)

    group.refresh_from_db()
    assert (group.missing_since, group.display_name) == (None, "Back")
    assert inside(group) == set()


@pytest.mark.parametrize("reason", ["deleted", "changed"])
def test_removed_group_is_marked_missing_and_kept(a_pull: MakePull, reason: str) -> None:
    group = known_group()

    counts = save_changes(a_pull("groups"), told(removed(reason=reason), removed(99)))

    group.refresh_from_db()
    assert (group.missing_since, counts["missing"], counts["created"]) == (NOW, 1, 0)


def test_many_removed_at_once_are_not_believed(a_pull: MakePull) -> None:
    for number in range(1, 21):
        known_group(number)

    with pytest.raises(UnsafeAnswer):
        save_changes(a_pull("groups"), told(*[removed(number) for number in range(1, 10)]))

    assert not IntuneGroup.objects.exclude(missing_since=None).exists()


def test_people_in_a_group_are_never_kept(db: None) -> None:
    group = known_group()

    change_members(told(item(**{"members@delta": [member(11, PERSON), member(12)]})).members)

    assert inside(group) == {UUID(guid(12))}


def test_members_of_groups_that_are_not_ours_are_not_kept(db: None) -> None:
    IntuneGroup.objects.create(graph_id=guid(1), display_name="Teachers")

    assert change_members(told(item(**{"members@delta": [member(11)]})).members) == 0
    assert not GroupMember.objects.exists()


def test_whole_reading_knows_every_computer_of_a_schools_group(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    run = pull_now("groups")

    school = School.objects.get(group_tag="GY-RONN")
    group = IntuneGroup.objects.get(graph_id=str(school.entra_group_id))
    assert run.status == "changed"
    assert group.member_count
    assert group.members.count() == group.member_count
    assert pull_now("groups").status == "no_changes"


def test_objects_of_all_computers_are_learnt_in_one_request_a_page(
    pull_now: PullNow, organisation: Municipality
) -> None:
    for resource in ("autopilot", "devices"):
        pull_now(resource)

    run = pull_now("entra_devices")

    assert run.counts["updated"] == Device.objects.exclude(entra_object_id=None).count() > 190
    assert run.requests <= 4
    assert pull_now("entra_devices").status == "no_changes"


@pytest.mark.parametrize("resource", ["groups", "entra_devices"])
def test_link_of_another_server_means_reading_everything(
    resource: str, sandbox: SandboxProcess, organisation: Municipality
) -> None:
    SyncPosition.objects.create(resource=resource, delta_link="https://graph.example/v1.0/groups/delta?x", moved_at=NOW)

    run = window(resource)

    assert (run.mode, run.counts["resynced"], run.status in ("changed", "no_changes")) == ("full", 1, True)


def test_whole_readings_put_in_at_once_and_take_out_at_the_second(
    pull_now: PullNow, organisation: Municipality
) -> None:
    pull_now("groups")
    row = GroupMember.objects.select_related("group")[0]
    group, missing = row.group, row.object_id
    row.delete()
    GroupMember.objects.create(group=group, object_id=guid(77))

    first = pull_now("groups")
    assert {missing, UUID(guid(77))} <= inside(group)
    second = pull_now("groups")

    assert (first.counts["members"], second.counts["members"]) == (1, 1)
    assert missing in inside(group) and UUID(guid(77)) not in inside(group)


def test_member_that_is_there_again_is_trusted(pull_now: PullNow, organisation: Municipality) -> None:
    pull_now("groups")
    GroupMember.objects.update(absent_runs=1)
    group = GroupMember.objects.select_related("group")[0].group
    change_members({group.graph_id: dict.fromkeys(inside(group), True)})

    assert not group.members.exclude(absent_runs=0).exists()
    pull_now("groups")
    assert not GroupMember.objects.exclude(absent_runs=0).exists()
