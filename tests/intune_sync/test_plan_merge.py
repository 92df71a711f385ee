from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.push.merge import ClashKind, merge, put_back, same_list

A, B, C, D = (f"{letter * 8}-0000-0000-0000-000000000000" for letter in "abcd")
FILTER_ID = "f0000000-0000-0000-0000-00000000000f"


def ours(group: str, intent: str = "required", *, exclude: bool = False) -> dict:
    return assignment_for("group", group, intent, exclude)


def as_read(raw: dict, **more: object) -> dict:
    """As Graph sends it back, with what Graph adds."""
    return {**raw, "id": f"{raw['target']['groupId']}_1_0", "source": "direct", "sourceId": "x", **more}


def filtered(raw: dict) -> dict:
    target = {
        **raw["target"],
        "deviceAndAppManagementAssignmentFilterId": FILTER_ID,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    return {**raw, "target": target}


def keys(*raws: dict) -> set[str]:
    return {assignment_key(raw) for raw in raws}


def test_foreign_entries_come_through_as_the_same_objects():
    foreign = [
        as_read(filtered(ours(A, "available")), unheardOf={"deep": [1, None]}),
        as_read(ours(B), settings={"@odata.type": "#microsoft.graph.futureSettings", "x": 1}),
        as_read(ours(C, exclude=True)),
    ]

    merged = merge(foreign, set(), [ours(D)])

    assert [id(raw) for raw in merged.write[:3]] == [id(raw) for raw in foreign]
    assert merged.write[3] == ours(D)
    assert merged.conflicts == []


def test_ours_is_removed_when_it_is_no_longer_wanted():
    mine, theirs = as_read(ours(A)), as_read(ours(B))

    merged = merge([mine, theirs], keys(mine), [])

    assert merged.write == [theirs]


def test_ours_that_is_there_already_keeps_its_place_and_settings():
    mine = as_read(ours(A), settings={"notifications": "hideAll"})

    merged = merge([mine, as_read(ours(B))], keys(mine), [ours(A)])

    assert merged.write[0] is mine
    assert merged.is_settled([as_read(ours(B)), mine])


def test_filter_put_on_ours_is_taken_off():
    mine = as_read(filtered(ours(A)))

    merged = merge([mine], keys(mine), [ours(A)])

    assert not merged.is_settled([mine])
    assert merged.write[0]["target"]["deviceAndAppManagementAssignmentFilterId"] is None
    assert merged.write[0]["id"] == mine["id"]


def test_foreign_entry_that_gives_the_same_leaves_nothing_to_add():
    theirs = as_read(ours(A))

    merged = merge([theirs], set(), [ours(A)])

    assert merged.write == [theirs]
    assert merged.covered == [ours(A)]
    assert merged.ours == []


def test_foreign_entry_with_another_intent_is_a_conflict():
    merged = merge([as_read(ours(A, "available"))], set(), [ours(A, "required")])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.OTHER_INTENT]


def test_foreign_entry_with_a_filter_is_a_conflict_because_it_means_fewer():
    merged = merge([as_read(filtered(ours(A)))], set(), [ours(A)])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.FILTERED]


def test_foreign_exclusion_of_the_wanted_group_is_a_conflict():
    theirs = [as_read(ours(A, exclude=True)), as_read(ours(B))]

    merged = merge(theirs, set(), [ours(A)])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.EXCLUDED]


def test_wanted_exclusion_of_a_group_that_is_included_is_a_conflict():
    merged = merge([as_read(ours(A))], set(), [ours(B), ours(A, exclude=True)])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.INCLUDED]


def test_foreign_exclusion_without_any_inclusion_left_is_a_conflict():
    mine, theirs = as_read(ours(A)), as_read(ours(B, exclude=True))

    merged = merge([mine, theirs], keys(mine), [])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.LONELY_EXCLUSION]


def test_two_wanted_entries_for_one_group_are_a_conflict():
    merged = merge([], set(), [ours(A), ours(B, "available"), ours(A, "available", exclude=True)])

    assert [clash.kind for clash in merged.conflicts] == [ClashKind.TWICE]


def test_foreign_entry_for_all_devices_stays_beside_ours():
    everyone = {**assignment_for("allDevices", None, "available"), "id": "x"}

    merged = merge([everyone], set(), [ours(A)])

    assert merged.write == [everyone, ours(A)]


def test_nothing_wanted_and_nothing_owned_changes_nothing():
    theirs = [as_read(ours(A)), as_read(ours(B, "uninstall"))]

    assert merge(theirs, set(), []).is_settled(theirs)


def test_order_of_what_is_wanted_makes_no_difference():
    theirs = [as_read(ours(C))]

    assert merge(theirs, set(), [ours(A), ours(B)]) == merge(theirs, set(), [ours(B), ours(A)])


def test_a_list_with_the_same_entry_twice_is_not_the_list_with_it_once():
    assert not same_list([ours(A), ours(A)], [ours(A)])


def test_what_our_write_undid_is_put_back_beside_what_came_after_it():
    first, added, removed, later = ours(A), ours(B), ours(C), ours(D)

    current = [first, removed, later]

    assert put_back(current, before=[first, removed], replaced=[first, added]) == [first, later, added]


def test_when_nobody_wrote_between_there_is_nothing_to_put_back():
    assert put_back([ours(A), ours(B)], before=[ours(A)], replaced=[ours(A)]) == [ours(A), ours(B)]
