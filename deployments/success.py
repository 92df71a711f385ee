"""How well an application installs, model by model, as a table to look at and a sentence that says the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from deployments.installs import tone_of_share
from deployments.models import AppVersion
from deployments.queries import ModelSuccess
from schools.charts import Chart, Series

FEWEST_ATTEMPTS = 5
"""Below this a rate says more about chance than about the model."""
CLEARLY_WORSE = 0.1


@dataclass(frozen=True)
class SuccessTable:
    """Models down, versions across; a cell is None where no computer of the model has a report of the version."""

    versions: tuple[AppVersion, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    total: int
    installed: int
    failed: int
    finding: str
    chart: Chart


@dataclass(frozen=True)
class Cell:
    percent: int | None
    tone: str
    installed: int
    failed: int
    total: int


def success_table(found: Sequence[ModelSuccess], versions: Sequence[AppVersion]) -> SuccessTable:
    by_place = {(each.hardware_model, each.version_id): each for each in found}
    shown = tuple(version for version in versions if any(each.version_id == version.pk for each in found))
    models = sorted({each.hardware_model for each in found})
    rows = tuple((model, tuple(_cell(by_place.get((model, version.pk))) for version in shown)) for model in models)
    return SuccessTable(
        versions=shown,
        rows=rows,
        total=sum(each.total for each in found),
        installed=sum(each.installed for each in found),
        failed=sum(each.failed for each in found),
        finding=_finding(found),
        chart=_chart(found, models),
    )


def _cell(success: ModelSuccess | None) -> Cell | None:
    if success is None:
        return None
    percent = None if success.rate is None else int(success.rate * 100)
    return Cell(percent, tone_of_share(success.rate), success.installed, success.failed, success.total)


def _finding(found: Sequence[ModelSuccess]) -> str:
    measured = [each for each in found if each.rate is not None and each.installed + each.failed >= FEWEST_ATTEMPTS]
    if not measured:
        return _("There are too few reports yet to compare the models.")
    worst = min(measured, key=lambda each: (each.rate or 0.0, each.hardware_model))
    best = max(each.rate or 0.0 for each in measured)
    if best - (worst.rate or 0.0) < CLEARLY_WORSE:
        return _("The application installs about equally well on all models.")
    return _("The application fails most often on %(model)s: %(failed)s of %(attempts)s attempts.") % {
        "model": worst.hardware_model,
        "failed": worst.failed,
        "attempts": worst.installed + worst.failed,
    }


def _chart(found: Sequence[ModelSuccess], models: Sequence[str]) -> Chart:
    def summed(what: str) -> list[float | None]:
        return [sum(getattr(each, what) for each in found if each.hardware_model == model) for model in models]

    series = [
        Series(_("Installed"), summed("installed"), "ok"),
        Series(_("Failed"), summed("failed"), "bad"),
        Series(_("Not finished"), summed("other"), "idle"),
    ]
    return Chart(_("Model"), models, series, kind="stacked", horizontal=True)
