from collections.abc import Iterator
from datetime import date

import pytest
from django.utils import translation

from deployments.catalogue.vetting import Vetting, completeness, in_state, may_be_decided, vetting
from deployments.models import Application, VettingCard
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


TODAY = date(2027, 1, 11)
COMPLETE = {
    "personal_data": "account",
    "agreement": "signed",
    "assessment": "done",
    "minimum_age": 0,
    "data_region": "eu",
    "accessibility": "meets",
    "cost_note": "Gratis",
    "valid_until": date(2027, 12, 31),
}


def card(**columns) -> VettingCard:
    return VettingCard.objects.create(application=make.application(), **{**COMPLETE, **columns})


def test_complete_card_lets_the_application_be_decided() -> None:
    assert may_be_decided(card().application, TODAY) == []


def test_application_without_a_card_may_not_be_decided() -> None:
    application = make.application("GeoGebra")

    assert may_be_decided(application, TODAY) == ["GeoGebra has no vetting card yet."]


def test_missing_facts_are_named() -> None:
    application = card(data_region="", minimum_age=None).application

    assert may_be_decided(application, TODAY) == [
        f"The vetting card of {application} lacks: minimum age and where the data is."
    ]


@pytest.mark.parametrize(
    "columns", [{"agreement": "missing"}, {"assessment": "missing"}, {"valid_until": date(2027, 1, 10)}]
)
def test_what_is_needed_and_missing_stands_in_the_way(columns) -> None:
    assert len(may_be_decided(card(**columns).application, TODAY)) == 1


def test_card_holds_to_the_end_of_its_last_day() -> None:
    assert may_be_decided(card(valid_until=TODAY).application, TODAY) == []


def test_age_of_zero_is_an_answer() -> None:
    assert completeness(card(minimum_age=0)).missing == ()


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({}, Vetting.COMPLETE),
        ({"valid_until": date(2027, 3, 12)}, Vetting.ENDING),
        ({"valid_until": date(2027, 3, 13)}, Vetting.COMPLETE),
        ({"valid_until": date(2027, 1, 10)}, Vetting.EXPIRED),
        ({"agreement": "missing"}, Vetting.BLOCKED),
        ({"cost_note": ""}, Vetting.INCOMPLETE),
        ({"minimum_age": None}, Vetting.INCOMPLETE),
    ],
)
def test_list_filters_as_the_card_says(columns, state) -> None:
    application = card(**columns).application

    assert vetting(application.vetting_card, TODAY) == state
    found = {each for each in Vetting if application in Application.objects.filter(in_state(each, TODAY))}
    assert found == {state}


def test_application_without_a_card_is_listed_as_not_vetted() -> None:
    application = make.application()

    assert application in Application.objects.filter(in_state(Vetting.INCOMPLETE, TODAY))
