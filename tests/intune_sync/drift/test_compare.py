"""Comparing lists and rules, without database or network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_sync.drift.compare import compare, same_rule
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.payloads.aims import FILTER_ID, FILTER_TYPE

A, B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


def to(group: str, intent: str = "required", **more: Any) -> dict[str, Any]:
    return {"id": f"{group}_{intent}", **assignment_for("group", group, intent), **more}


def kinds(observed: list[dict[str, Any]], owned: set[str], decided: set[str]) -> list[tuple[str, str]]:
    return [(each.kind, each.place) for each in compare(observed, owned, decided)]


KEY = assignment_key(to(A))


@pytest.mark.parametrize(
    ("observed", "owned", "decided", "found"),
    [
        ([to(A)], {KEY}, {KEY}, []),
        ([to(A), to(B)], {KEY}, {KEY}, [("foreign", B)]),
        ([], {KEY}, {KEY}, [("missing", A)]),
        ([to(A, "available")], {KEY}, {KEY}, [("intent", A)]),
        ([], {KEY}, set(), []),
        ([], set(), {KEY}, []),
        ([to(A)], set(), {KEY}, [("foreign", A)]),
    ],
)
def test_what_counts_as_a_difference(observed: Any, owned: Any, decided: Any, found: Any):
    assert kinds(observed, owned, decided) == found


def test_a_filter_on_ours_is_one():
    raw = to(A)
    raw["target"] |= {FILTER_ID: B, FILTER_TYPE: "include"}

    assert kinds([raw], {KEY}, {KEY}) == [("narrowed", A)]


ENTRY = st.builds(to, st.sampled_from([A, B]), st.sampled_from(["required", "available", "uninstall"]))
LISTS = st.lists(ENTRY, max_size=2, unique_by=lambda raw: raw["target"]["groupId"])
KEYS = st.sets(st.sampled_from([assignment_key(to(g, i)) for g in (A, B) for i in ("required", "available")]))


@given(LISTS, KEYS, KEYS, st.randoms())
def test_order_ids_settings_and_sources_make_no_difference(observed: Any, owned: Any, decided: Any, chance: Any):
    noisy = [
        {**raw, "id": str(chance.random()), "source": "policySets", "sourceId": B, "settings": {"notifications": "x"}}
        for raw in observed
    ]
    chance.shuffle(noisy)

    assert compare(noisy, owned, decided) == compare(observed, owned, decided)


@given(LISTS, KEYS, KEYS)
def test_each_place_is_told_of_once(observed: Any, owned: Any, decided: Any):
    places = [each.place for each in compare(observed, owned, decided)]

    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('(device.model -eq "A b")', '( device.model   -EQ "A b" )', True),
        ('(device.model -eq "A b")', '(device.model -eq "A  b")', False),
        ('(device.model -eq "A")', '(device.model -eq "a")', False),
        ('(device.model -in ["A","B"])', '(device.model -in ["A", "B"])', True),
        ('(device.model -eq "A")', '(device.model -ne "A")', False),
    ],
)
def test_blanks_and_the_case_of_words_mean_nothing_in_a_rule(one: str, other: str, same: bool):
    assert same_rule(one, other) is same
