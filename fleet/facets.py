"""What the list of computers may be narrowed by: the choices that occur among the computers a person sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fleet.models import Device, DeviceQuerySet, Platform
from fleet.models.hardware import model_name
from schools.models import School, User

Choice = tuple[str, str | Promise]


@dataclass(frozen=True)
class Facet:
    """One `<select>`: the name in the address, what it is called, its choices, and the one that is chosen."""

    name: str
    label: str | Promise
    choices: Sequence[Choice]
    chosen: str

    @property
    def chosen_label(self) -> str:
        return next((str(label) for value, label in self.choices if value == self.chosen), "")


def facets(devices: DeviceQuerySet, user: User, chosen: dict[str, Any]) -> list[Facet]:
    """Two queries: the schools, and the models together with the OS builds."""
    models, builds = _models_and_builds(devices)
    offered: list[tuple[str, str | Promise, Sequence[Choice]]] = [
        ("school", _("School"), _schools(user)),
        ("model", _("Model"), models),
        ("platform", _("Platform"), Platform.choices),
        ("compliance", _("Compliance"), Device.Compliance.choices),
        ("enrollment", _("Enrolment state"), Device.Enrollment.choices),
        ("os", _("OS build"), builds),
    ]
    return [Facet(name, label, choices, str(chosen.get(name, ""))) for name, label, choices in offered]


def _schools(user: User) -> list[Choice]:
    schools = School.objects.filter(user.access.schools_q("fleet.view_device", "pk")).order_by("name")
    choices: list[Choice] = [(str(pk), name) for pk, name in schools.values_list("pk", "name")]
    if user.access.reads_all("fleet.view_device"):
        choices.append(("0", _("No school")))
    return choices


def _models_and_builds(devices: DeviceQuerySet) -> tuple[list[Choice], list[Choice]]:
    columns = ("hardware_model", "hardware_model__manufacturer", "hardware_model__name", "os_version")
    rows = devices.order_by().values_list(*columns).distinct()
    models, builds = set(), set()
    for key, manufacturer, name, build in rows:
        models.add((model_name(manufacturer, name), str(key)))
        builds.add(build)
    return [(key, name) for name, key in sorted(models)], [(build, build) for build in sorted(builds - {""})]
