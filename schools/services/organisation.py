"""Acts about the municipality's own shape: its schools, taken from a list that people keep elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from schools import audit
from schools.models import Administration, Municipality, School, SchoolForm, User

COLUMNS = [
    "administration_code",
    "administration_name",
    "school_form",
    "group_tag_prefix",
    "school_unit_code",
    "name",
    "group_tag",
]
Row = Mapping[str, str | None]


class ImportRefused(ValidationError):
    """One message per thing that is wrong, each with its row number; nothing was saved."""


@dataclass
class Imported:
    created: list[School] = field(default_factory=list)
    changed: list[School] = field(default_factory=list)
    unchanged: int = 0


@transaction.atomic
def name_municipality(name: str, *, by: User | None) -> Municipality:
    """The one municipality of this portal, made the first time and renamed later."""
    found = Municipality.objects.select_for_update().first() or Municipality()
    before = {"name": found.name} if found.pk else {}
    if found.name != name:
        found.name = name
        found.full_clean()
        found.save()
        audit.record("municipality.named", found, by=by, before=before, after={"name": name})
    return found


@transaction.atomic
def import_schools(
    rows: Iterable[Row], *, by: User | None, progress: Callable[[int], object] = lambda done: None
) -> Imported:
    """Add and change schools so that they are as the rows (with COLUMNS) say, found by school unit code.

    All or nothing: raises ImportRefused with every mistake. A school that no row names is left as it is.
    """
    municipality = Municipality.objects.select_for_update().first()
    if municipality is None:
        raise ImportRefused(_("Name the municipality first, with --municipality."))
    result, mistakes = Imported(), []
    seen: dict[tuple[str, str], str] = {}
    for number, row in enumerate(rows, start=1):
        values = {column: (row.get(column) or "").strip() for column in COLUMNS}
        try:
            with transaction.atomic():
                _check(values, seen)
                _save_row(values, municipality, by, result)
        except ValidationError as error:
            mistakes += [_("Row %(number)d: %(reason)s") % {"number": number, "reason": said} for said in _words(error)]
        progress(number)
    if mistakes:
        raise ImportRefused(mistakes)
    return result


def _check(values: dict[str, str], seen: dict[tuple[str, str], str]) -> None:
    """What is wrong with a row by itself, or against the rows before it, which `seen` remembers."""
    empty = [column for column in COLUMNS if not values[column]]
    if empty:
        raise ValidationError([_("The column %(column)s is empty.") % {"column": column} for column in empty])
    if not values["group_tag"].startswith(values["group_tag_prefix"]):
        raise ValidationError(
            _("The group tag “%(tag)s” does not begin with “%(prefix)s”.")
            % {"tag": values["group_tag"], "prefix": values["group_tag_prefix"]}
        )
    school = ("school", values["school_unit_code"])
    if school in seen:
        raise ValidationError(_("The school unit code %(code)s stands twice.") % {"code": values["school_unit_code"]})
    seen[school] = values["name"]
    administration, name = values["administration_code"], values["administration_name"]
    if seen.setdefault(("administration", administration), name) != name:
        raise ValidationError(_("The administration %(code)s has two names in the list.") % {"code": administration})


def _save_row(values: dict[str, str], municipality: Municipality, by: User | None, result: Imported) -> None:
    school = School.objects.filter(school_unit_code=values["school_unit_code"]).first() or School()
    before = _said(school) if school.pk else {}
    school.administration = _administration(values, municipality, by)
    school.school_form = _school_form(values)
    if school.group_tag != values["group_tag"]:
        school.entra_group_id = None  # the old tag's group holds other computers
    for column in ("school_unit_code", "name", "group_tag"):
        setattr(school, column, values[column])
    _keep(school, before, by, result)


def _keep(school: School, before: dict[str, str], by: User | None, result: Imported) -> None:
    after = _said(school)
    if before == after:
        result.unchanged += 1
        return
    school.full_clean()
    school.save()
    changed = {key for key in after if before.get(key) != after[key]}
    audit.record(
        "school.changed" if before else "school.added",
        school,
        by=by,
        school=school,
        before={key: before[key] for key in sorted(changed) if key in before},
        after={key: after[key] for key in sorted(changed)},
    )
    (result.changed if before else result.created).append(school)


def _administration(values: dict[str, str], municipality: Municipality, by: User | None) -> Administration:
    code, name = values["administration_code"], values["administration_name"]
    found = Administration.objects.filter(code=code).first() or Administration(code=code, municipality=municipality)
    if found.name != name:
        before = {"name": found.name} if found.pk else {}
        found.name = name
        found.full_clean()
        found.save()
        act = "administration.renamed" if before else "administration.added"
        audit.record(act, found, by=by, before=before, after={"name": name})
    return found


def _school_form(values: dict[str, str]) -> SchoolForm:
    form = SchoolForm.objects.filter(code=values["school_form"]).first()
    if form is None:
        form = SchoolForm(code=values["school_form"], group_tag_prefix=values["group_tag_prefix"])
        form.full_clean()
        form.save()
    if form.group_tag_prefix != values["group_tag_prefix"]:
        raise ValidationError(
            _("The school form %(form)s has the group tag prefix “%(prefix)s” already; another needs a decision.")
            % {"form": form, "prefix": form.group_tag_prefix}
        )
    return form


def _said(school: School) -> dict[str, str]:
    return {
        "name": school.name,
        "school_unit_code": school.school_unit_code,
        "school_form": school.school_form.code,
        "administration": school.administration.name,
        "group_tag": school.group_tag,
    }


def _words(error: ValidationError) -> list[str]:
    """The messages with the column each is about, where it is about one."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [
        message if column == "__all__" else f"{column}: {message}"
        for column, messages in error.message_dict.items()
        for message in messages
    ]
