"""Figures about a school's computers, each with the address of exactly the list that it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from fleet.models import Condition
from schools.models import School
from schools.status import look


@dataclass(frozen=True)
class Figure:
    """As the tag `figure` takes it."""

    value: int
    label: str | Promise
    href: str
    icon: str
    tone: str = ""


def computers_of_school(school: School, conditions: Mapping[Condition, int]) -> list[Figure]:
    """All computers, then each condition that occurs."""
    every = Figure(sum(conditions.values()), _("Computers"), _list(school=school.pk), "device-laptop")
    return [every, *by_condition(school, conditions)]


def by_condition(school: School, conditions: Mapping[Condition, int]) -> list[Figure]:
    """Each condition that occurs among the school's computers."""
    return [
        Figure(
            count,
            condition.label,
            _list(school=school.pk, condition=condition.value),
            look(condition).icon,
            look(condition).tone,
        )
        for condition, count in conditions.items()
        if count
    ]


def _list(**choices: Any) -> str:
    return f"{reverse('fleet:device_list')}?{urlencode(choices)}"
