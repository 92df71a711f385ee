from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.push.merge import Raw
from intune_sync.push.plan import AppState, plan

A, B, C = (f"{letter * 8}-0000-0000-0000-000000000000" for letter in "abc")
APP = "11111111-0000-0000-0000-000000000000"
OTHER_APP = "00000000-0000-0000-0000-000000000009"


def entry(group: str, intent: str = "required") -> Raw:
    return {**assignment_for("group", group, intent), "id": f"{group}_1_0"}


def state(
    observed: list[Raw] | None, desired: list[Raw], *, owned: list[Raw] = (), app_id: str = APP, **more
) -> AppState:
    return AppState(app_id, 7, "GeoGebra", observed, {assignment_key(raw) for raw in owned}, desired, **more)


def test_a_change_shows_the_exact_call():
    wanted = assignment_for("group", A, "required")

    made = plan([state([entry(B)], [wanted])], snapshot={}).as_json()

    assert made["calls"] == [
        {
            "method": "POST",
            "url": f"/beta/deviceAppManagement/mobileApps/{APP}/assign",
            "body": {"mobileAppAssignments": [entry(B), wanted]},
        }
    ]
    assert made["changes"][0]["added"] == [assignment_key(wanted)]
    assert made["changes"][0]["kept"] == 1


def test_what_is_already_so_needs_no_call():
    assert plan([state([entry(A)], [entry(A)], owned=[entry(A)])], snapshot={}).changes == []


def test_changes_come_in_the_order_of_the_apps_whatever_the_order_of_the_states():
    states = [state([], [entry(A)]), state([], [entry(A)], app_id=OTHER_APP)]

    made = plan(states, snapshot={})

    assert [change.app_id for change in made.changes] == [OTHER_APP, APP]
    assert made.hash == plan(states[::-1], snapshot={}).hash


def test_an_app_that_is_gone_is_reported_and_left_out():
    made = plan([state(None, [entry(A)]), state([], [entry(A)], app_id=OTHER_APP)], snapshot={})

    assert [(notice.code, notice.blocking) for notice in made.notices] == [("app_gone", True)]
    assert [change.app_id for change in made.changes] == [OTHER_APP]


def test_an_app_that_is_not_published_is_left_out():
    made = plan([state([], [entry(A)], published=False)], snapshot={})

    assert [notice.code for notice in made.notices] == ["not_published"]
    assert made.changes == []


def test_a_conflict_names_both_intents_and_blocks_that_app_alone():
    states = [state([entry(A, "available")], [entry(A)]), state([], [entry(B)], app_id=OTHER_APP)]

    made = plan(states, snapshot={})

    conflict = made.notices[0]
    assert (conflict.code, conflict.intent, conflict.other_intent, conflict.group_id) == (
        "other_intent",
        "required",
        "available",
        A,
    )
    assert [change.app_id for change in made.changes] == [OTHER_APP]


def test_a_foreign_change_of_the_list_changes_the_hash():
    before = plan([state([entry(B)], [entry(A)])], snapshot={})
    after = plan([state([entry(B), entry(C)], [entry(A)])], snapshot={})

    assert before.hash != after.hash


def test_the_order_in_which_graph_lists_entries_does_not_make_a_plan_without_ours_differ():
    before = plan([state([entry(B), entry(C)], [])], snapshot={})
    after = plan([state([entry(C), entry(B)], [])], snapshot={})

    assert before.hash == after.hash


def test_another_computer_changes_the_hash():
    before = plan([state([], [entry(A)], effects={1: "install"})], snapshot={})
    after = plan([state([], [entry(A)], effects={1: "install", 2: "install"})], snapshot={})

    assert before.hash != after.hash


def test_a_list_that_the_plan_does_not_touch_is_not_part_of_the_hash():
    touched = state([], [entry(A)])
    before = plan([touched, state([entry(B)], [], app_id=OTHER_APP)], snapshot={})
    after = plan([touched, state([entry(C)], [], app_id=OTHER_APP)], snapshot={})

    assert before.hash == after.hash


def test_an_empty_revision_removes_ours_and_never_aims_at_all_devices():
    mine = [entry(A), entry(B)]

    made = plan([state([*mine, entry(C)], [], owned=mine)], snapshot={}).as_json()

    assert made["calls"][0]["body"] == {"mobileAppAssignments": [entry(C)]}


def test_taking_away_much_of_what_is_ours_is_pointed_out():
    groups = [f"{number:08}-0000-0000-0000-000000000000" for number in range(10)]
    mine = [entry(group) for group in groups]

    few = plan([state(mine, mine[3:], owned=mine)], snapshot={})
    many = plan([state(mine, mine[4:], owned=mine)], snapshot={})

    assert few.notices == []
    assert [(notice.code, notice.count, notice.of) for notice in many.notices] == [("many_removals", 4, 10)]


def test_of_apps_that_the_revision_says_nothing_new_about_only_obstacles_are_told():
    covered = state([entry(A)], [assignment_for("group", A, "required")], is_concerned=False)
    blocked = state([entry(A, "available")], [entry(A)], app_id=OTHER_APP, is_concerned=False)

    made = plan([covered, blocked], snapshot={})

    assert [notice.code for notice in made.notices] == ["other_intent"]
