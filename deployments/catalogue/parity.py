"""Where a capability is given to computers of one platform and not to those of another that stand beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from deployments.catalogue.use import shares
from deployments.effects import Cell, load_cells
from deployments.models import Application, AppVersion, Capability, CapabilityApplication, Intent
from deployments.resolver import Rule
from deployments.targets import NodeKey
from fleet.models import Platform
from schools.models import SchoolForm

GIVES = (Intent.REQUIRED, Intent.AVAILABLE)
RulesByApplication = Mapping[int, Mapping[NodeKey, Rule]]


@dataclass(frozen=True)
class Coverage:
    """Computers of one platform within one school form: how many there are, how many have the capability."""

    capability: Capability
    school_form: SchoolForm | None
    platform: Platform
    application: Application | None
    computers: int
    served: int
    has_version: bool

    @property
    def without(self) -> int:
        return self.computers - self.served

    @property
    def reason(self) -> str:
        """Why computers go without, in words."""
        if self.application is None:
            return _("No application is chosen for %(platform)s.") % {"platform": self.platform.label}
        said = {"application": self.application, "platform": self.platform.label}
        if not self.has_version:
            return _("%(application)s has no version for %(platform)s in Intune.") % said
        return _("%(application)s is not decided for them.") % said


@dataclass(frozen=True)
class Choice:
    """The application that a capability means on one platform, and whether Intune has a version of it there."""

    platform: Platform
    application: Application
    has_version: bool


@dataclass(frozen=True)
class Named:
    capability: Capability
    choices: tuple[Choice, ...]

    def on(self, platform: Platform) -> Choice | None:
        return next((choice for choice in self.choices if choice.platform == platform), None)


def with_choices(capabilities: QuerySet[Capability]) -> list[Named]:
    """One query."""
    version = AppVersion.objects.filter(application=OuterRef("application"), platform=OuterRef("platform"))
    choices = CapabilityApplication.objects.filter(capability=OuterRef("pk")).order_by("-platform")
    row = JSONObject(platform="platform", key="application_id", name="application__name", has_version=Exists(version))
    found = capabilities.annotate(chosen=ArraySubquery(choices.values(row=row)))
    return [Named(each, tuple(_choice(row) for row in each.chosen)) for each in found]


def _choice(row: Mapping[str, Any]) -> Choice:
    application = Application(pk=row["key"], name=row["name"])
    return Choice(Platform(row["platform"]), application, row["has_version"])


def coverage(capabilities: Iterable[Named], rules: RulesByApplication) -> list[Coverage]:
    """By capability, school form and platform, where there are computers. Two queries."""
    forms: dict[int | None, SchoolForm | None] = {form.pk: form for form in SchoolForm.objects.all()}
    by_place: dict[tuple[int | None, str], list[Cell]] = defaultdict(list)
    for cell in load_cells():
        by_place[cell.groups["school_form"], cell.platform].append(cell)
    places = sorted(by_place, key=lambda place: (str(forms.get(place[0]) or "~"), place[1]))
    return [
        _coverage(named, rules, forms.get(form_id), Platform(platform), by_place[form_id, platform])
        for named in capabilities
        for form_id, platform in places
    ]


def gaps(covered: Iterable[Coverage]) -> list[Coverage]:
    """Those that lack an application while other computers of their school form have the capability."""
    every = list(covered)
    given = {(each.capability.pk, each.school_form) for each in every if each.served}
    return [each for each in every if each.without and (each.capability.pk, each.school_form) in given]


def _coverage(
    named: Named, rules: RulesByApplication, form: SchoolForm | None, platform: Platform, cells: list[Cell]
) -> Coverage:
    choice = named.on(platform)
    computers = sum(len(cell.device_ids) for cell in cells)
    if choice is None:
        return Coverage(named.capability, form, platform, None, computers, served=0, has_version=False)
    served = sum(_served(cells, rules.get(choice.application.pk, {}))) if choice.has_version else 0
    return Coverage(named.capability, form, platform, choice.application, computers, served, choice.has_version)


def _served(cells: list[Cell], rules: Mapping[NodeKey, Rule]) -> Iterator[int]:
    for share in shares(cells, rules):
        if share.outcome and share.outcome.intent in GIVES:
            yield share.computers
