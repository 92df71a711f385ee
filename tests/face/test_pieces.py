"""The template tags: moments, figures, queries of the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone, translation

from schools.keyset import KeysetPage
from schools.templatetags.face import ago, number


def render(text: str, address: str = "/", **context: Any) -> str:
    template = engines["django"].from_string("{% load face %}" + text)
    return str(template.render(context, RequestFactory().get(address)))


NOW = datetime(2027, 1, 11, 8, 0, tzinfo=timezone.get_fixed_timezone(0))


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5\xa0minutes ago"),
        (timedelta(hours=30), "1\xa0day ago"),
        (-timedelta(minutes=5), "just now"),
    ],
)
def test_moment_is_told_in_one_unit(since: timedelta, words: str) -> None:
    assert ago(NOW - since, NOW) == words


def test_moment_has_its_exact_time_for_machines_and_the_curious() -> None:
    moment = timezone.now() - timedelta(days=3)

    html = render("{% as_of moment short=True %}", moment=moment)

    assert f'datetime="{timezone.localtime(moment).isoformat(timespec="seconds")}"' in html
    assert "3\xa0days ago" in html


def test_no_moment_is_never() -> None:
    assert "never" in render("{% as_of nothing %}", nothing=None)


def test_thousands_are_set_apart_as_in_the_language() -> None:
    with translation.override("sv"):
        assert number(11000) == "11\xa0000"
    assert number(11000) == "11,000"
    assert number("11000") == "11000"


def test_figure_with_a_list_is_a_link_and_without_is_not() -> None:
    assert '<a href="/devices/"' in render("{% figure 7 'Silent' '/devices/' of=11000 %}")
    assert "<a" not in render("{% figure 7 'Silent' %}")


def test_status_label_is_text() -> None:
    assert "&lt;b&gt;" in render("{% status 'failed' label %}", label="<b>")


def test_sort_link_turns_the_order_round_and_leaves_the_page() -> None:
    page: KeysetPage[Any] = KeysetPage(rows=[], next=None, previous=None, order="name")

    html = render("{% sort_link 'name' 'Name' %}", "/?q=a&after=xyz&sort=name", page=page)

    assert 'href="?q=a&amp;sort=-name"' in html
    assert 'aria-sort="ascending"' in html


def test_query_drops_empty_values_and_keeps_repeated_ones() -> None:
    html = render("{% query_with condition='silent' %}", "/?q=&col=a&col=b&after=x")

    assert html == "col=a&amp;col=b&amp;condition=silent"


def test_figure_of_a_status_has_its_icon_and_colour() -> None:
    html = render("{% figure 3 'Failed' '/there/' status='failed' %}")

    assert "figure-bad" in html
    assert "#circle-x" in html
