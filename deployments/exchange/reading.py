"""What a reviewed file says, looked up in the portal. Everything that does not fit is a problem with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from deployments.exchange.lines import Mapping, Problem, Unreadable, read_document
from deployments.exchange.writing import FORMAT
from deployments.models import Application, AppVersion, BaselineEntry, Capability, Decision, Intent
from deployments.models.profiles import OWNER_OF_LEVEL
from deployments.services.profiles import Owner
from fleet.models import Device
from schools.models import ClassGroup, Municipality, School, SchoolForm

Found = TypeVar("Found")
KEYS_OF_FILE = {"format", "note", "entries"}
KEYS_OF_ENTRY = {"container", "application", "action", "intent", "version", "capability", "decision"}


@dataclass(frozen=True)
class ReadEntry:
    line: int
    owner: Owner
    application: Application
    action: str
    intent: str
    version: AppVersion | None
    capability: Capability | None
    decision: Decision | None


@dataclass(frozen=True)
class ReadRevision:
    """Either `entries` for a draft, or `problems` that say why there is none."""

    note: str
    entries: tuple[ReadEntry, ...]
    problems: tuple[Problem, ...]


def read_revision(text: str) -> ReadRevision:
    try:
        root, rows = read_document(text)
    except Unreadable as error:
        return ReadRevision("", (), (error.problem,))
    problems = [*_unknown_keys(root, KEYS_OF_FILE)]
    if root.values.get("format") != str(FORMAT):
        problems.append(Problem(root.line_of("format"), _("The format has to be %(format)d.") % {"format": FORMAT}))
    lookup, entries, seen = _Lookup(), [], dict[Any, int]()
    for row in rows:
        problems += _unknown_keys(row, KEYS_OF_ENTRY)
        try:
            entry = _entry(row, lookup)
        except Unreadable as error:
            problems.append(error.problem)
            continue
        place = type(entry.owner), entry.owner.pk, entry.application.pk
        if place in seen:
            text = _("The container says something of %(application)s on line %(line)d already.")
            problems.append(Problem(row.line, text % {"application": entry.application, "line": seen[place]}))
        seen[place] = row.line
        entries.append(entry)
    note = root.values.get("note")
    return ReadRevision(note if isinstance(note, str) else "", tuple(entries), tuple(problems))


def _unknown_keys(row: Mapping, known: set[str]) -> list[Problem]:
    text = _("“%(key)s” means nothing here.")
    return [Problem(row.line_of(key), text % {"key": key}) for key in row.values if key not in known]


def _entry(row: Mapping, lookup: _Lookup) -> ReadEntry:
    application = lookup.application(_text(row, "application"), row.line_of("application"))
    action = _one_of(row, "action", BaselineEntry.Action.values)
    adds = action == BaselineEntry.Action.ADD
    if not adds and row.values.get("intent"):
        raise Unreadable(row.line_of("intent"), _("A removal has no intent."))
    return ReadEntry(
        line=row.line,
        owner=lookup.owner(_part(row, "container")),
        application=application,
        action=action,
        intent=_one_of(row, "intent", Intent.values) if adds else "",
        version=lookup.version(row, application) if adds else None,
        capability=lookup.capability(row),
        decision=lookup.decision(row),
    )


def _text(row: Mapping, key: str) -> str:
    value = row.values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(row.line_of(key), _("“%(key)s” is missing.") % {"key": key})
    return value


def _part(row: Mapping, key: str) -> Mapping:
    value = row.values.get(key)
    if not isinstance(value, Mapping):
        raise Unreadable(row.line_of(key), _("“%(key)s” is missing.") % {"key": key})
    return value


def _one_of(row: Mapping, key: str, allowed: list[str]) -> str:
    value = _text(row, key)
    if value not in allowed:
        said = {"key": key, "value": value, "allowed": ", ".join(allowed)}
        raise Unreadable(row.line_of(key), _("“%(key)s” is “%(value)s”; it can be %(allowed)s.") % said)
    return value


class _Lookup:
    """Rows by the names that the file uses; whole tables are read once, when first asked for."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Any, Any]] = {}

    def _by(self, rows: models.QuerySet[Any], key: Callable[[Any], Any]) -> dict[Any, Any]:
        name = rows.model._meta.label
        if name not in self._tables:
            self._tables[name] = {key(row): row for row in rows}
        return self._tables[name]

    def application(self, name: str, line: int) -> Application:
        found: Application | None = self._by(Application.objects.all(), lambda row: row.name).get(name)
        return _found(found, line, _("There is no application named “%(name)s”."), name=name)

    def owner(self, row: Mapping) -> Owner:
        level = _one_of(row, "level", list(OWNER_OF_LEVEL.values()))
        owner: Owner | None = getattr(self, f"_{level}")(row)
        if owner is None:
            text = _("There is no such container here: %(name)s.")
            raise Unreadable(row.line, text % {"name": _all_said(row)})
        return owner

    def _municipality(self, row: Mapping) -> Municipality | None:
        return Municipality.objects.first()

    def _school_form(self, row: Mapping) -> SchoolForm | None:
        return self._by(SchoolForm.objects.all(), lambda form: form.code).get(_text(row, "school_form"))

    def _school(self, row: Mapping) -> School | None:
        return self._by(School.objects.all(), lambda school: school.school_unit_code).get(
            _text(row, "school_unit_code")
        )

    def _class_group(self, row: Mapping) -> ClassGroup | None:
        groups = self._by(
            ClassGroup.objects.current().select_related("school"),
            lambda each: (each.school.school_unit_code, each.name),
        )
        return groups.get((_text(row, "school_unit_code"), _text(row, "name")))

    def _device(self, row: Mapping) -> Device | None:
        return Device.objects.filter(serial_number__iexact=_text(row, "serial_number")).first()

    def version(self, row: Mapping, application: Application) -> AppVersion | None:
        if row.values.get("version") == "latest":
            return None
        said = _part(row, "version")
        line, key = said.line_of("intune_app_id"), _text(said, "intune_app_id")
        try:
            wanted = UUID(key)
        except ValueError as error:
            raise Unreadable(line, _("“%(key)s” is not an id of an app in Intune.") % {"key": key}) from error
        version = AppVersion.objects.filter(intune_app_id=wanted, application=application).first()
        return _found(version, line, _("%(name)s has no version with that id in Intune."), name=application)

    def capability(self, row: Mapping) -> Capability | None:
        if "capability" not in row.values:
            return None
        name = _text(row, "capability")
        found: Capability | None = self._by(Capability.objects.all(), lambda each: each.name).get(name)
        return _found(found, row.line_of("capability"), _("There is no capability named “%(name)s”."), name=name)

    def decision(self, row: Mapping) -> Decision | None:
        if "decision" not in row.values:
            return None
        said = _part(row, "decision")
        number, text = _text(said, "number"), _text(said, "text")
        decision = Decision.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 10 else None
        if decision and decision.text != text:
            decision = None
        return _found(decision, said.line, _("There is no decision %(name)s."), name=f"{number}, “{text}”")


def _found(row: Found | None, line: int, sentence: str, **said: object) -> Found:
    if row is None:
        raise Unreadable(line, sentence % said)
    return row


def _all_said(row: Mapping) -> str:
    return ", ".join(str(value) for value in row.values.values())
