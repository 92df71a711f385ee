"""The columns a list of computers can show, and what each says on the page and in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from fleet.models import Condition, Device, Platform
from schools.templatetags.face import as_of, status

GIGABYTE = 10**9


@dataclass(frozen=True)
class Column:
    """`key` stands in the address; `sort` is the column that orders by it; `cell` is HTML, `value` goes into files.

    Where `value` is a code, `words` are its choices.
    """

    key: str
    label: str | Promise
    value: Callable[[Device], Any]
    cell: Callable[[Device], Any]
    sort: str = ""
    words: Sequence[tuple[str, str | Promise]] = ()


def _school(device: Device) -> str:
    return device.school.name if device.school else ""


def _gigabytes(size: int | None) -> int | None:
    return None if size is None else size // GIGABYTE


def _free(device: Device) -> str:
    free, total = _gigabytes(device.storage_free_bytes), _gigabytes(device.storage_total_bytes)
    return "" if free is None or total is None else str(_("%(free)s of %(total)s GB") % {"free": free, "total": total})


def _status(code: str, words: type[TextChoices]) -> Any:
    return status(code, words(code).label if code in words else code)


COLUMNS = {
    column.key: column
    for column in (
        Column("school", _("School"), _school, _school, "school__name"),
        Column(
            "model", _("Model"), lambda d: str(d.hardware_model), lambda d: d.hardware_model, "hardware_model__name"
        ),
        Column(
            "condition",
            _("Condition"),
            lambda d: d.condition,
            lambda d: _status(d.condition, Condition),
            words=Condition.choices,
        ),
        Column(
            "check_in",
            _("Last heard from"),
            lambda d: d.last_check_in_at,
            lambda d: as_of(d.last_check_in_at, short=True),
            "last_check_in_at",
        ),
        Column("os", _("OS build"), lambda d: d.os_version, lambda d: d.os_version, "os_version"),
        Column(
            "platform", _("Platform"), lambda d: d.platform, lambda d: d.get_platform_display(), words=Platform.choices
        ),
        Column(
            "compliance",
            _("Compliance"),
            lambda d: d.compliance_state,
            lambda d: _status(d.compliance_state, Device.Compliance),
            words=Device.Compliance.choices,
        ),
        Column(
            "enrollment",
            _("Enrolment state"),
            lambda d: d.enrollment_state,
            lambda d: _status(d.enrollment_state, Device.Enrollment),
            words=Device.Enrollment.choices,
        ),
        Column("free", _("Free storage"), lambda d: _gigabytes(d.storage_free_bytes), _free, "storage_free_bytes"),
        Column("tag", _("Group tag"), lambda d: d.observed_group_tag, lambda d: d.observed_group_tag),
    )
}
USUAL = ("school", "model", "condition", "check_in", "os")
SORTS = {
    "check_in": "last_check_in_at",
    "name": "observed_name",
    "serial": "serial_number",
    **{column.key: column.sort for column in COLUMNS.values() if column.sort},
}
"""By what the list may be sorted. The first is the usual order: those silent for longest come first."""


def chosen_columns(keys: Sequence[str]) -> list[Column]:
    """The columns named in the address, in our order; the usual ones when none is."""
    chosen = [column for key, column in COLUMNS.items() if key in keys]
    return chosen or [COLUMNS[key] for key in USUAL]


def file_columns() -> list[tuple[str, Callable[[Device], Any]]]:
    """Everything, whatever the page shows.

    Words are looked up in the person's language now, once: rows are written when the request is over.
    """
    first = [
        (pgettext("computer", "Name"), lambda device: device.observed_name),
        (gettext("Serial number"), lambda device: device.serial_number),
    ]
    return [*first, *((str(column.label), _file_value(column)) for column in COLUMNS.values())]


def _file_value(column: Column) -> Callable[[Device], Any]:
    if not column.words:
        return column.value
    value, words = column.value, {code: str(label) for code, label in column.words}
    return lambda device: words.get(value(device), value(device))


def name_cell(device: Device) -> Any:
    """The link to the computer: its name and, below, its serial number."""
    if not device.observed_name:
        return format_html('<a href="{}">{}</a>', device.get_absolute_url(), device.serial_number)
    return format_html(
        '<a href="{}">{}</a><span class="sub">{}</span>',
        device.get_absolute_url(),
        device.observed_name,
        device.serial_number,
    )
