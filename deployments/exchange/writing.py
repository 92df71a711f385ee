"""A revision as YAML that people can review line by line, and that says the same when it is read back."""

from __future__ import annotations

from typing import Any

import yaml

from deployments.differences import reading_order
from deployments.models import BaselineEntry, BaselineRevision, SoftwareProfile
from deployments.models.profiles import NAMES_OF_CONTAINERS

FORMAT = 1


def as_yaml(revision: BaselineRevision) -> str:
    """From the widest container to the nearest, then by application. Two queries."""
    names = ("application", "version", "capability", "decision", *NAMES_OF_CONTAINERS)
    entries = sorted(revision.entries.select_related(*names), key=_order)
    document = {"format": FORMAT, "note": revision.note, "entries": [_entry(entry) for entry in entries]}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def file_name(revision: BaselineRevision) -> str:
    semester = revision.baseline.semester
    return f"baslinje-{semester.term.lower()}-{semester.year}-revision-{revision.number}.yaml"


def _order(entry: BaselineEntry) -> tuple[Any, ...]:
    """Two schools may have the same name, and two class groups often do."""
    return (*reading_order(entry)[:2], tuple(map(str, container(entry.profile).values())), *reading_order(entry)[2:])


def _entry(entry: BaselineEntry) -> dict[str, Any]:
    said: dict[str, Any] = {
        "container": container(entry.profile),
        "application": entry.application.name,
        "action": entry.action,
    }
    if entry.intent:
        said["intent"] = entry.intent
        said["version"] = _version(entry)
    if entry.capability:
        said["capability"] = entry.capability.name
    if entry.decision:
        said["decision"] = {"number": entry.decision.pk, "text": entry.decision.text}
    return said


def _version(entry: BaselineEntry) -> str | dict[str, str]:
    version = entry.version
    if version is None:
        return "latest"
    return {"version": version.version, "platform": version.platform, "intune_app_id": str(version.intune_app_id)}


def container(profile: SoftwareProfile) -> dict[str, str]:
    """Its level, what identifies it, and its name for the reader."""
    said = {"level": profile.kind}
    if profile.school_form:
        said["school_form"] = profile.school_form.code
    if profile.school:
        said |= {"school_unit_code": profile.school.school_unit_code, "name": profile.school.name}
    if profile.class_group:
        said |= {"school_unit_code": profile.class_group.school.school_unit_code, "name": profile.class_group.name}
    if profile.device:
        said["serial_number"] = profile.device.serial_number
    return said
