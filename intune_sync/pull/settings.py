"""Assignment filters and Autopilot profiles: short lists, read whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models, transaction

from intune_sync.models import AssignmentFilter, AutopilotProfile
from intune_sync.payloads.settings import FILTERS_PATH, PROFILES_PATH, SETTINGS_VERSION, filter_row, profile_row
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.rows import GraphRow, save_rows


def pull_filters(pull: Pull) -> Outcome:
    return _pull(pull, FILTERS_PATH, filter_row, AssignmentFilter)


def pull_profiles(pull: Pull) -> Outcome:
    return _pull(pull, PROFILES_PATH, profile_row, AutopilotProfile)


def _pull(pull: Pull, path: str, row_of: Callable[[dict[str, Any]], GraphRow], model: type[models.Model]) -> Outcome:
    rows: list[GraphRow] = []
    for page in pull.graph.pages(path, version=SETTINGS_VERSION):
        rows += map(row_of, page)
        pull.seen(len(rows))
    with transaction.atomic():
        pull.confirm()
        return Outcome(save_rows(model, rows, pull.now, released=pull.is_released))
