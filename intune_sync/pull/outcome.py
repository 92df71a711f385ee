"""What a pull is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intune_sync.graph import GraphClient
from intune_sync.models import SyncRun


class UnsafeAnswer(Exception):
    """The answer lacks more than can be believed without asking; nothing was changed."""

    def __init__(self, absent: int, known: int) -> None:
        super().__init__(f"{absent} of {known} were not in the answer")
        self.absent, self.known = absent, known


class LostRun(Exception):
    """Somebody declared this run dead meanwhile: change nothing more."""


@dataclass(frozen=True)
class Pull:
    """One turn of a run. `seen(n)` tells how many objects have come so far: a sign of life, and the progress bar's
    figure. `confirm()` belongs at the beginning of the one transaction that writes; it raises LostRun."""

    run: SyncRun
    graph: GraphClient
    now: datetime
    seen: Callable[[int], None]

    def confirm(self) -> None:
        mine = SyncRun.objects.filter(pk=self.run.pk, status=SyncRun.Status.RUNNING, turn=self.run.turn)
        if not mine.select_for_update().first():
            raise LostRun

    @property
    def is_window(self) -> bool:
        """Only what has changed is read: nothing may be concluded from what is absent."""
        return self.run.mode == SyncRun.Mode.WINDOW

    @property
    def is_released(self) -> bool:
        return self.run.approved_by_id is not None


@dataclass
class Outcome:
    """`counts` are shown on the run's page; what counts as a change is `CHANGES`. `rest` is not empty when the run has
    to go on in a further turn."""

    counts: dict[str, int] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)
    resume_in_seconds: float = 0.0

    @property
    def has_changes(self) -> bool:
        return any(self.counts.get(name) for name in CHANGES)


CHANGES = (
    "created",
    "updated",
    "removed",
    "dropped",
    "settled",
    "forgotten",
    "members",
    "missing",
    "returned",
    "linked",
    "placed",
)
