"""How the catalogue is narrowed: by words, subject, platform, vetting, and what is worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from deployments.catalogue.unused import unused
from deployments.catalogue.vetting import ENDS_SOON, Vetting, in_state
from deployments.models import Application, AppVersion, LicencePool, Subject
from fleet.models import Platform
from schools.converters import LARGEST_KEY
from schools.models import User

LICENCE_ENDING, UNUSED = "licence_ending", "unused"


@dataclass(frozen=True)
class Filter:
    """One list to choose from, with what is chosen."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class CatalogueFilters:
    """What the address asks for; values that mean nothing are left out."""

    words: str
    subject: str
    platform: str
    vetting: str
    look: str

    @classmethod
    def read(cls, query: Mapping[str, str], user: User) -> CatalogueFilters:
        """Who does not read vetting cards and licences cannot narrow by them either."""
        inner = user.access.reads("deployments.view_licence")
        return cls(
            words=query.get("q", "").strip()[:100].replace("\0", ""),
            subject=_key(query.get("subject", "")),
            platform=_one_of(query.get("platform", ""), Platform.values),
            vetting=_one_of(query.get("vetting", ""), list(Vetting)) if inner else "",
            look=_one_of(query.get("look", ""), [LICENCE_ENDING, UNUSED]) if inner else "",
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.words or self.subject or self.platform or self.vetting or self.look)

    def apply(self, applications: QuerySet[Application], on: date) -> QuerySet[Application]:
        if self.words:
            named = Q(name__icontains=self.words) | Q(publisher__icontains=self.words)
            applications = applications.filter(named | Q(description__icontains=self.words))
        if self.subject:
            applications = applications.filter(
                pk__in=Subject.applications.through.objects.filter(subject=int(self.subject)).values("application")
            )
        if self.platform:
            applications = applications.filter(
                pk__in=AppVersion.objects.filter(platform=self.platform).order_by().values("application")
            )
        if self.vetting:
            applications = applications.filter(in_state(Vetting(self.vetting), on))
        if self.look == LICENCE_ENDING:
            applications = applications.filter(pk__in=licences_ending(on).values("application"))
        return unused(applications) if self.look == UNUSED else applications

    def shown(self, user: User) -> list[Filter]:
        """One query, for the subjects."""
        subjects = [(str(key), name) for key, name in Subject.objects.values_list("pk", "name")]
        filters = [
            Filter("subject", _("Subject"), subjects, self.subject),
            Filter("platform", _("Platform"), list(Platform.choices), self.platform),
        ]
        if user.access.reads("deployments.view_licence"):
            states = [(state.value, state.label) for state in Vetting]
            looks = [(LICENCE_ENDING, _("Licence ends soon")), (UNUSED, _("Unused"))]
            filters += [
                Filter("vetting", _("Vetting"), states, self.vetting),
                Filter("look", _("Worth a look"), looks, self.look),
            ]
        return filters


def licences_ending(on: date) -> QuerySet[LicencePool]:
    """Pools that end within `ENDS_SOON`, or have ended without another pool that holds in their place."""
    holding = LicencePool.objects.valid(on).filter(Q(ends_on=None) | Q(ends_on__gt=on + ENDS_SOON))
    replaced = holding.order_by().values("application")
    return LicencePool.objects.order_by().filter(ends_on__lte=on + ENDS_SOON).exclude(application__in=replaced)


def _one_of(value: str, allowed: list[Any]) -> str:
    return value if value in allowed else ""


def _key(value: str) -> str:
    return value if value.isascii() and value.isdigit() and 0 < int(value) <= LARGEST_KEY else ""
