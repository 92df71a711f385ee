"""Where a capability is given to computers of one platform and not to those of another that stand beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from deployments.catalogue.use import shares
from deployments.effects import Cell, load_cells
from deployments.models import Application, BaselineRevision, Capability, Intent
from deployments.resolver import Rule
from deployments.rulebook import rules_by_application
from deployments.targets import NodeKey
from deployments.versions import Versions
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


def coverage(capabilities: Iterable[Capability], revision: BaselineRevision | None) -> list[Coverage]:
    """By capability, school form and platform, where there are computers. `choices` with their applications must be
    prefetched. Six queries."""
    fleet = _Fleet(Versions.load(), rules_by_application(revision))
    forms: dict[int | None, SchoolForm | None] = {form.pk: form for form in SchoolForm.objects.all()}
    by_place: dict[tuple[int | None, str], list[Cell]] = defaultdict(list)
    for cell in load_cells():
        by_place[cell.groups["school_form"], cell.platform].append(cell)
    places = sorted(by_place, key=lambda place: (str(forms.get(place[0]) or "~"), place[1]))
    return [
        fleet.coverage(capability, forms.get(form_id), Platform(platform), by_place[form_id, platform])
        for capability in capabilities
        for form_id, platform in places
    ]


def gaps(covered: Iterable[Coverage]) -> list[Coverage]:
    """Those that lack an application while other computers of their school form have the capability."""
    every = list(covered)
    given = {(each.capability.pk, each.school_form) for each in every if each.served}
    return [each for each in every if each.without and (each.capability.pk, each.school_form) in given]


@dataclass(frozen=True)
class _Fleet:
    """What a revision says, and the versions that Intune has."""

    versions: Versions
    rules: RulesByApplication

    def coverage(
        self, capability: Capability, form: SchoolForm | None, platform: Platform, cells: list[Cell]
    ) -> Coverage:
        chosen = next((choice.application for choice in capability.choices.all() if choice.platform == platform), None)
        has_version = chosen is not None and self.versions.pick(chosen.pk, None, platform) is not None
        computers = sum(len(cell.device_ids) for cell in cells)
        served = sum(_served(cells, self.rules.get(chosen.pk, {}))) if chosen and has_version else 0
        return Coverage(capability, form, platform, chosen, computers, served, has_version)


def _served(cells: list[Cell], rules: Mapping[NodeKey, Rule]) -> Iterator[int]:
    for share in shares(cells, rules):
        if share.outcome and share.outcome.intent in GIVES:
            yield share.computers
