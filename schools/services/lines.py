"""What the schools' lines carry, as far as somebody has entered it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from schools import audit
from schools.models import Municipality, School, User


def lines_of() -> dict[int, int]:
    """Mbit/s by school id, with the usual line where a school's own is not known. Two queries."""
    usual = Municipality.objects.values_list("line_mbit", flat=True).first() or Municipality().line_mbit
    return {pk: own or usual for pk, own in School.objects.values_list("pk", "line_mbit")}


@transaction.atomic
def set_lines(usual: int, own: Mapping[int, int | None], *, by: User) -> int:
    """`own` by school id. Returns how many lines became others; only those are recorded. Raises ValidationError."""
    changed = 0
    municipality = Municipality.objects.select_for_update().first()
    if municipality is not None and municipality.line_mbit != usual:
        _put(municipality, usual, None, by)
        changed += 1
    for school in School.objects.select_for_update(of=("self",)).filter(pk__in=own):
        if school.line_mbit != own[school.pk]:
            _put(school, own[school.pk], school, by)
            changed += 1
    return changed


def _put(row: Municipality | School, mbit: int | None, school: School | None, by: User) -> None:
    before = row.line_mbit
    row.line_mbit = mbit
    row.clean_fields(exclude={each.name for each in row._meta.fields} - {"line_mbit"})
    row.save(update_fields=["line_mbit"])
    act = "municipality.line_set" if school is None else "school.line_set"
    audit.record(act, row, by=by, school=school, before={"line_mbit": before}, after={"line_mbit": mbit})
