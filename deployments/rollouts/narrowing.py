"""What the address of a list of computers says, and what narrows it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import AppVersion
from deployments.rollouts.progress import PLACES, Narrowing
from fleet.models import HardwareModel
from schools.converters import LARGEST_KEY
from schools.models import School, User


@dataclass(frozen=True)
class Chip:
    """`names` are what taking it away drops from the address."""

    label: str | Promise
    names: tuple[str, ...]


def narrowing_of(asked: Mapping[str, str]) -> Narrowing:
    """What makes no sense narrows nothing."""
    place = asked.get("status", "")
    version = _key(asked, "version")
    return Narrowing(
        ring=_key(asked, "ring"),
        place=place if place in map(str, PLACES) else None,
        school=_key(asked, "school"),
        model=_key(asked, "model"),
        version=version,
        error=_text(asked, "error") if version is not None and "error" in asked else None,
        detail=_text(asked, "detail"),
        is_silent=asked.get("seen") == "silent",
        text=_text(asked, "q").strip(),
    )


def _key(asked: Mapping[str, str], name: str) -> int | None:
    value = asked.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and int(value[:20]) <= LARGEST_KEY else None


def _text(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").replace("\x00", "")[:200]


def chips(by: Narrowing, user: User) -> list[Chip]:
    """For all but place and ring, which the page has choices for. A query for each name that is needed."""
    found = []
    if by.school is not None:
        name = (
            School.objects.visible_to(user).filter(pk=by.school).values_list("name", flat=True).first()
            if by.school
            else None
        )
        found.append(Chip(name or _("School not known"), ("school",)))
    if by.model is not None:
        found.append(Chip(str(HardwareModel.objects.filter(pk=by.model).first() or by.model), ("model",)))
    if by.version is not None:
        version = AppVersion.objects.filter(pk=by.version).select_related("application").first()
        said = " ".join(part for part in (by.error, by.detail) if part)
        names = ("version", "error", "detail")
        found.append(
            Chip(_("%(version)s failed") % {"version": version or by.version} + (f": {said}" if said else ""), names)
        )
    if by.is_silent:
        found.append(Chip(gettext_lazy("Not seen for a week"), ("seen",)))
    return found
