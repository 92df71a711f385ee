"""What saved time is counted with: the municipality's own figures, and where nobody has given one, a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deployments.models import Assumption
from schools.models import User

COMPUTERS, TIMES, HOURS, WEEKS = _("computers"), _("a year"), _("hours"), _("weeks")
MINUTES = pgettext_lazy("unit of time", "minutes")
GUESS = _("A guess, until the municipality has measured it.")
KNOWN = _("The municipality’s figure from before the portal.")


@dataclass(frozen=True)
class Default:
    label: str | Promise
    value: Decimal
    unit: str | Promise
    source: str | Promise


DEFAULTS: dict[str, Default] = {
    "collected_per_term": Default(_("Computers collected before each term"), Decimal(9000), COMPUTERS, KNOWN),
    "terms_a_year": Default(_("Terms a year"), Decimal(2), TIMES, _("Autumn term and spring term.")),
    "minutes_per_collected": Default(
        _("Work with each computer that is collected and re-imaged"),
        Decimal("2.1"),
        MINUTES,
        _(
            "Worked out from the municipality’s figure: 9,000 computers before each of two terms took nearly four "
            "person-months a year. Many computers were re-imaged at once."
        ),
    ),
    "hours_per_person_month": Default(
        _("Hours of a person-month"), Decimal(160), HOURS, _("Four weeks of forty hours.")
    ),
    "reinstalls_a_week": Default(_("Reinstalls a week"), Decimal(10), COMPUTERS, KNOWN),
    "weeks_a_year": Default(_("Weeks a year with reinstalls"), Decimal(40), WEEKS, _("The weeks of a school year.")),
    "minutes_per_reinstall": Default(_("Work with each reinstall"), Decimal(60), MINUTES, GUESS),
    "minutes_per_delivery": Default(
        _("Work with a program that is brought to one computer between terms"),
        Decimal(0),
        MINUTES,
        _("Before the portal nothing could change between terms, so no time is counted as saved."),
    ),
}


@dataclass(frozen=True)
class Known:
    """An assumption as it holds now; `changed_by` None while it is the default."""

    code: str
    label: str
    value: Decimal
    unit: str
    source: str
    changed_by: User | None = None
    changed_at: datetime | None = None

    def __str__(self) -> str:
        return self.label


def assumptions() -> dict[str, Known]:
    """All of them by code, in the order in which they are read. One query."""
    changed = {row.code: row for row in Assumption.objects.select_related("changed_by")}
    return {code: _known(code, default, changed.get(code)) for code, default in DEFAULTS.items()}


def _known(code: str, default: Default, row: Assumption | None) -> Known:
    label, unit = str(default.label), str(default.unit)
    if row is None:
        return Known(code, label, default.value, unit, str(default.source))
    return Known(code, label, plain(row.value), unit, row.source, row.changed_by, row.changed_at)


@dataclass(frozen=True)
class Before:
    """What a year cost before the portal, by the assumptions alone."""

    collected: Decimal
    collecting_hours: Decimal
    person_months: Decimal
    reinstalls: Decimal
    reinstall_hours: Decimal


def plain(value: Decimal) -> Decimal:
    """9000 and 2.1, not 9000.00 and 2.10 (nor 9E+3)."""
    return value.to_integral_value() if value == value.to_integral_value() else value.normalize()


def in_words(value: Decimal, decimals: int | None = None) -> str:
    """In the language's way, rounded to so many decimals or with those that it has."""
    if decimals is not None:
        value = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return str(number_format(value, decimals, use_l10n=True, force_grouping=True))


def a_year_before(known: Mapping[str, Known]) -> Before:
    collected = known["collected_per_term"].value * known["terms_a_year"].value
    hours = collected * known["minutes_per_collected"].value / 60
    reinstalls = known["reinstalls_a_week"].value * known["weeks_a_year"].value
    reinstall_hours = reinstalls * known["minutes_per_reinstall"].value / 60
    return Before(collected, hours, person_months(hours, known), reinstalls, reinstall_hours)


def person_months(hours: Decimal, known: Mapping[str, Known]) -> Decimal:
    per_month = known["hours_per_person_month"].value
    return hours / per_month if per_month else Decimal(0)
