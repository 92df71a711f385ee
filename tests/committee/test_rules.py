"""Calendar, quorum and votes: the rules by themselves."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from deployments.committee.calendar import check_order, days_left, why_closed
from deployments.committee.quorum import quorum
from deployments.committee.tally import Tally
from deployments.models import Seat, Semester
from schools.models import Administration

OPEN, FREEZE = date(2026, 9, 1), date(2026, 10, 15)
SEMESTER = Semester(
    year=2027,
    term="VT",
    starts_on=date(2027, 1, 1),
    ends_on=date(2027, 6, 30),
    proposals_open_on=OPEN,
    freeze_on=FREEZE,
)


@pytest.mark.parametrize("day, is_open", [("2026-08-31", 0), ("2026-09-01", 1), ("2026-10-15", 1), ("2026-10-16", 0)])
def test_proposals_may_be_made_from_the_first_day_to_the_last(day: str, is_open: int) -> None:
    assert (why_closed(SEMESTER, date.fromisoformat(day)) == "") is bool(is_open)


def test_the_last_day_leaves_none() -> None:
    assert (days_left(SEMESTER, FREEZE), days_left(SEMESTER, date(2026, 10, 16))) == (0, None)


def test_a_date_before_an_earlier_step_is_refused_even_across_one_that_is_not_set() -> None:
    with pytest.raises(ValidationError) as refused:
        check_order({"proposals_open_on": FREEZE, "freeze_on": None, "meeting_on": OPEN})

    assert list(refused.value.error_dict) == ["meeting_on"]


def seat(pk: int, administration: str, filled: bool = True) -> Seat:
    return Seat(pk=pk, administration=Administration(name=administration), holder_id=pk if filled else None)


@pytest.mark.parametrize(
    "present, holds",
    [({1, 2, 4}, True), ({1, 4}, False), ({1, 2, 3}, False), ({1, 2, 3, 4}, True), ({1, 2, 5}, False), (set(), False)],
)
def test_quorum_needs_more_than_half_of_the_filled_seats_of_each_administration(present: set[int], holds: bool) -> None:
    seats = [seat(1, "G"), seat(2, "G"), seat(3, "G"), seat(4, "B"), seat(5, "B", filled=False)]

    assert quorum(seats, present).holds is holds


def test_an_administration_without_anybody_leaves_no_quorum() -> None:
    assert not quorum([seat(1, "G"), seat(2, "B", filled=False)], {1, 2}).holds


@pytest.mark.parametrize(
    "votes, verdict",
    [((2, 1, 0), "for"), ((1, 2, 5), "against"), ((1, 1, 0, "for"), "for"), ((1, 1, 0), ""), ((0, 0, 3), "")],
)
def test_the_majority_decides_and_the_chair_where_votes_are_equal(votes: tuple[int, int, int], verdict: str) -> None:
    assert Tally(*votes).verdict == verdict


def test_without_a_vote_every_outcome_is_possible_and_with_one_only_the_one_that_follows() -> None:
    assert Tally(0, 0, 0).allows("granted")
    assert not Tally(1, 2, 0).allows("granted")
    assert Tally(1, 2, 0).allows("tabled")
    assert not Tally(1, 1, 0).allows("rejected")
