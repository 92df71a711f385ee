"""Orders for the kill points of `intune_sync.push.kill_points`."""

from __future__ import annotations

from typing import NamedTuple

from tests.chaos.conftest import Workers


class Kill(NamedTuple):
    """At `point` of an operation of the kind: kill the pool's `child`, its `worker` or the `group`, or let the child
    stand still (`stuck`)."""

    kind: str
    point: str
    whom: str

    def ordered(self, workers: Workers) -> None:
        (workers.kill_points / self.point).write_text(self.whom)

    def victim(self, workers: Workers) -> str:
        """The id of the process that has taken the order; empty until then."""
        return next((path.suffix[1:] for path in workers.kill_points.glob(f"{self.point}.*")), "")

    def moment(self, workers: Workers) -> float:
        """Seconds since the epoch."""
        return (workers.kill_points / f"{self.point}.{self.victim(workers)}").stat().st_ctime
