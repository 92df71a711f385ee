"""Pages by the last row seen: nothing twice, nothing lost, whatever the order, equal values and empty ones."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from itertools import pairwise

import pytest

from fleet.models import Device
from schools.keyset import KeysetPage, keyset_page
from tests.factories import NOW, device, school

pytestmark = pytest.mark.django_db

ALLOWED = {"serial": "serial_number", "check_in": "last_check_in_at", "school": "school__name", "state": "condition"}
ORDERS = [sign + key for key in ALLOWED for sign in ("", "-")]


def page(order: str, size: int = 4, **cursor: str | None) -> KeysetPage[Device]:
    devices = Device.objects.for_list().with_condition(NOW)
    return keyset_page(devices, order=order, allowed=ALLOWED, size=size, **cursor)


def computers_with_equal_and_empty_values() -> None:
    places = [None, school("Berg"), school("Ås")]
    for number in range(23):
        silent_for = timedelta(days=number % 4 * 10)
        device(places[number % 3], last_check_in_at=None if number % 5 == 0 else NOW - silent_for)


def forwards(order: str) -> list[int]:
    found, seen = page(order), []
    while True:
        seen += [row.pk for row in found.rows]
        if found.next is None:
            return seen
        found = page(order, after=found.next)


@pytest.mark.parametrize("order", ORDERS)
def test_forwards_gives_every_row_once_in_the_databases_order(order: str) -> None:
    computers_with_equal_and_empty_values()
    column, sign = ALLOWED[order.removeprefix("-")], "-" if order.startswith("-") else ""

    whole = Device.objects.with_condition(NOW).order_by(f"{sign}{column}", f"{sign}pk")

    assert forwards(order) == [row.pk for row in whole]


@pytest.mark.parametrize("order", ORDERS)
def test_backwards_gives_the_same_pages_as_forwards(order: str) -> None:
    computers_with_equal_and_empty_values()
    pages = [page(order)]
    while pages[-1].next:
        pages.append(page(order, after=pages[-1].next))

    for earlier, later in pairwise(pages):
        assert page(order, before=later.previous).rows == earlier.rows


def test_ends_have_no_cursor() -> None:
    for _ in range(8):
        device()

    first = page("serial")
    last = page("serial", after=first.next)

    assert (first.previous, last.next) == (None, None)
    assert page("serial", before=last.previous).previous is None


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "å",
        "//8",
        *(
            base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
            for content in ([], ["a"], ["a", 0], ["a", 2**63], ["a", "b"], ["\0", 1], {"a": 1}, [[1], None], 7)
        ),
    ],
)
def test_cursor_that_makes_no_sense_gives_the_first_page(cursor: str) -> None:
    first = device()

    for order in ORDERS:
        assert page(order, after=cursor).rows == [first]


def test_cursor_of_another_order_gives_rows_and_no_error() -> None:
    for _ in range(9):
        device()
    cursor = page("serial").next

    assert page("check_in", after=cursor).rows


def test_unknown_order_becomes_the_first_allowed() -> None:
    device()

    assert page("password").order == "serial"
    assert page("").order == "serial"


def test_rows_before_the_start_are_the_first_page() -> None:
    for _ in range(6):
        device()
    second_row = page("serial", size=1, after=page("serial", size=1).next)

    found = page("serial", size=4, before=second_row.previous)

    assert len(found.rows) == 4
    assert found.previous is None
