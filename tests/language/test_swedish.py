"""The portal speaks Swedish: a whole catalogue, in the words of Swedish typography, and no English on any page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from schools.models import User
from scripts.messages import complaints, extract_catalogue, update_catalogue
from tests.access import matrix
from tests.access.world import ANONYMOUS, EVERYBODY, World, build
from tests.language.catalogue import PO_FILE, ROOT, Text, texts
from tests.language.english import english_in

pytestmark = pytest.mark.django_db  # so that the test database is made; the world has its own transaction

NO_GRAPH = {"GRAPH_URL": "https://127.0.0.1:1", "AUTHORITY_URL": "https://127.0.0.1:1"}
SAME_IN_BOTH = {
    "Autopilot",
    "%(baseline)s revision %(number)s",
    "%(size)s GB",
    "%(intent)s: %(group)s.",
    "API",
    "IT",
    "CSV",
    "Delegation given",
    "Excel",
    "Plan",
    "Program",
    "Revision",
    "Revision %(number)s",
    "Status",
    "Text",
    "Version",
    "delegation",
    "person",
    "plan",
    "problem",
    "Reservation",
    "reservation",
    "revision",
    "status",
    "text",
    "version",
    "version %(version)s",
    "webhook",
}
"""Names, units and words that the two languages share."""
ODD_SETTING = re.compile(r"[“‘\"]|\s\s|\.\.\.|\s[,;:!?]")
"""English or straight quotes, double blanks, dots for an ellipsis, a blank before punctuation."""
PAGES = [name for name, row in matrix.PAGES.items() if "GET" in row.methods and not row.fixed]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once; whatever a request does to it is rolled back."""
    with django_db_blocker.unblock(), override_settings(**NO_GRAPH), transaction.atomic():
        built = build()
        User.objects.update(display_name="Kim")  # their names are those of the roles, in English
        yield built
        transaction.set_rollback(True)


def page(world: World, who: str, name: str) -> str:
    """The page as this person gets it at their own school; empty where the answer is not a page."""
    row = matrix.PAGES[name]
    keys = {key: world.key(kind, who, "own") for key, kind in row.keys.items()}
    response = world.send(who, "GET", reverse(name.partition("#")[0], kwargs=keys))
    assert response.status_code < 500
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    return response.content.decode() if is_page else ""


def test_every_sentence_of_the_sources_is_translated() -> None:
    catalogue = update_catalogue(PO_FILE, extract_catalogue(ROOT), "sv")

    assert list(complaints(catalogue)) == []


def test_only_names_and_shared_words_are_the_same_in_both_languages() -> None:
    same = {text.english for text in texts() if text.english == text.swedish}

    assert same <= SAME_IN_BOTH


@pytest.mark.parametrize("text", [text for text in texts() if text.swedish], ids=lambda text: text.english[:60])
def test_swedish_is_set_as_swedish(text: Text) -> None:
    swedish = text.swedish

    assert not ODD_SETTING.search(re.sub(r"<[^>]*>", "", swedish))
    assert swedish[-1:].isspace() == text.english[-1:].isspace()
    assert swedish.rstrip().endswith(".") == text.english.rstrip().endswith(".")


@pytest.mark.parametrize("name", PAGES)
def test_no_role_reads_english(name: str, world: World) -> None:
    left = {who: found for who in EVERYBODY if (found := english_in(page(world, who, name)))}

    assert left == {}


def test_the_reader_sees_english_where_there_is_some(world: World) -> None:
    world.client.cookies.clear()
    login = world.client.get(reverse("schools:login"), headers={"Cookie": "django_language=en"}).content.decode()
    found = english_in(login.replace('lang="en"', "", 1))

    assert {"Sign in", "Here the municipality keeps its school computers ready for the term."} <= set(found)
    assert english_in(page(world, ANONYMOUS, "schools:login")) == []
