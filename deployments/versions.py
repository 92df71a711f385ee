"""Which version of an application a computer gets: the pinned one on its own platform, else the latest there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from deployments.models import AppVersion


@dataclass(frozen=True)
class Versions:
    """Versions by id, and the latest by (application id, platform)."""

    by_id: Mapping[int, AppVersion]
    latest: Mapping[tuple[int, str], AppVersion]

    @classmethod
    def load(cls, application_ids: Iterable[int] | None = None) -> Self:
        """One query; of all applications when `application_ids` is None."""
        versions = AppVersion.objects.order_by("added_at", "pk").defer("size_bytes")
        if application_ids is not None:
            versions = versions.filter(application__in=application_ids)
        rows = list(versions)
        return cls({row.pk: row for row in rows}, {(row.application_id, row.platform): row for row in rows})

    def pick(self, application_id: int, pinned_id: int | None, platform: str) -> AppVersion | None:
        """None: the application has no version on that platform."""
        pinned = self.by_id.get(pinned_id) if pinned_id else None
        if pinned and pinned.platform == platform:
            return pinned
        return self.latest.get((application_id, platform))

    def pick_each(self, application_id: int, pinned_id: int | None, platforms: Iterable[str]) -> dict[str, AppVersion]:
        """By platform, without those that have none."""
        picked = {platform: self.pick(application_id, pinned_id, platform) for platform in platforms}
        return {platform: version for platform, version in picked.items() if version is not None}

    def platforms(self, application_id: int) -> list[str]:
        return sorted(platform for application, platform in self.latest if application == application_id)
