"""Why a roll-out stands still, in the reader's language; stored as a code with its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _


def explain(code: str, data: Mapping[str, Any]) -> str:
    """A sentence for `Rollout.halt_code` with `halt_data`, or for a finding of a gate; empty for no code."""
    if code == "model_fails":
        return _(
            "%(failed)s of %(reported)s attempts with %(version)s failed on %(model)s, where %(normal)s would be usual."
        ) % _numbers(data)
    if code == "app_fails":
        return _(
            "%(failed)s of %(reported)s attempts with %(version)s failed, where %(normal)s would be usual."
        ) % _numbers(data)
    return code


def _numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    percent = formats.number_format(100 * float(data["normal"]), 1)
    return {**data, "normal": _("%(percent)s per cent") % {"percent": percent}}
