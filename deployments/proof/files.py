"""The report as files. The same figures on the same day give the same bytes, in whatever format."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from deployments.proof.answers import Answers
from deployments.proof.assumptions import in_words
from deployments.proof.report import Report

SHEET = Path(__file__).with_name("report.typ")


def report_pdf(report: Report) -> bytes:
    """Tagged (PDF/UA-1), in the municipality's language; about 0.2 s. The only time in it is the day of the report."""
    with translation.override(settings.LANGUAGE_CODE):
        data = _data(report)
    return bytes(
        typst.compile(
            str(SHEET),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=int(datetime.combine(report.day, time(), UTC).timestamp()),
        )
    )


def _data(report: Report) -> dict[str, Any]:
    saved, before = report.saved, report.saved.before
    return {
        "title": report.title,
        "language": settings.LANGUAGE_CODE[:2],
        "date": [report.day.year, report.day.month, report.day.day],
        "as_of": _("As of %(day)s.") % {"day": date_format(report.day, "DATE_FORMAT")},
        "sentence": report.sentence,
        "decided": {
            "title": _("What was decided, and when it was everywhere"),
            "empty": _("Nothing is decided for this semester yet."),
            "head": [_("Decision"), _("Decided on"), _("Computers"), _("How far it has come")],
            "rows": [
                [
                    f"{row.decision} ({row.ground})",
                    row.decided_on.isoformat(),
                    _number(row.answers.total),
                    " ".join([row.standing, *_counts(row.answers)]),
                ]
                for row in report.decided
            ],
            "note": everywhere_means(),
        },
        "failures": {
            "title": _("What failed, and why"),
            "empty": _("Nothing has failed on any computer."),
            "head": [_("Application"), _("Model"), _("Error code"), _("Computers")],
            "rows": [
                [row.failure.app, row.failure.model, _cause(row.failure.error_code, row.failure.detail), str(n)]
                for row in report.failures
                for n in [_number(row.failure.count)]
            ],
        },
        "left": {
            "title": _("What is left, and who must act"),
            "empty": _("Nothing is left."),
            "head": [_("Decision"), _("State"), _("Computers"), _("Who must act")],
            "rows": [
                [str(row.decision), str(row.left.cause.label), _number(row.left.count), row.left.who]
                for row in report.left
            ],
        },
        "saved": {
            "title": _("What was avoided this semester"),
            "empty": "",
            "head": [_("What"), _("Number"), _("Minutes each"), _("Hours")],
            "rows": [
                [f"{line.kind.label}. {line.kind.formula}", _number(line.counted), *_worth(line.each.value, line.hours)]
                for line in saved.lines
            ],
            "note": _("Together %(hours)s hours, or %(months)s person-months.")
            % _total(saved.hours, saved.person_months)
            + " "
            + _(
                "Before the portal, %(collected)s computers a year were collected, which took %(hours)s hours or "
                "%(months)s person-months, and %(reinstalls)s were reinstalled."
            )
            % {
                "collected": _number(before.collected),
                "reinstalls": _number(before.reinstalls),
                **_total(before.collecting_hours, before.person_months),
            },
        },
        "assumptions": {
            "title": _("What it is counted with"),
            "empty": "",
            "head": [_("Assumption"), _("Value"), _("Unit"), _("Source")],
            "rows": [[each.label, _number(each.value), each.unit, each.source] for each in saved.assumptions.values()],
        },
    }


def everywhere_means() -> str:
    return _(
        "Everywhere means: it is done on every computer concerned that can be expected. Computers that have not been "
        "seen for 30 days, that are missing from Intune or that are retired are named apart. The day is the first one "
        "that ended so."
    )


def _counts(answers: Answers) -> list[str]:
    said = [f"{label}: {_number(count)}" for _code, label, count in answers.states]
    apart = [_("Not seen for 30 days: %(count)s") % {"count": _number(answers.absent)}] if answers.absent else []
    return [f"{each}." for each in [*said, *apart]]


def _cause(code: str, detail: str) -> str:
    return " ".join(filter(None, [code, detail])) or _("Intune gives no code.")


def _number(value: Any) -> str:
    return str(number_format(value, use_l10n=True, force_grouping=True))


def _worth(each: Any, hours: Any) -> list[str]:
    return [in_words(each), in_words(hours, 1)]


def _total(hours: Any, months: Any) -> dict[str, str]:
    return {"hours": in_words(hours, 0), "months": in_words(months, 2)}
