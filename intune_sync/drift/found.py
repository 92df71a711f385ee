"""What one look at the mirror finds, before it is compared with the differences that are known already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from deployments.models import AppVersion
from intune_sync.drift.reach import Reach
from intune_sync.models import AssignmentFilter, IntuneApp, IntuneGroup


@dataclass(frozen=True)
class Found:
    """A difference now. `key` tells it from all others of all kinds."""

    kind: str
    key: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reach: Reach
    is_decided: bool = False
    app: IntuneApp | None = None
    app_version: AppVersion | None = None
    group: IntuneGroup | None = None
    filter: AssignmentFilter | None = None


@dataclass(frozen=True)
class Look:
    """All that one look found. Of what the portal itself is writing (`busy_apps`, `busy_groups`, by their rows' keys)
    nothing is said, neither that it differs nor that it no longer does."""

    found: list[Found]
    busy_apps: Collection[int] = field(default_factory=frozenset)
    busy_groups: Collection[int] = field(default_factory=frozenset)

    def is_busy(self, app: int | None, group: int | None) -> bool:
        return app in self.busy_apps or group in self.busy_groups
