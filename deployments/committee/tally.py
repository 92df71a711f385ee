"""What the votes on an item say: the majority of those for and against, the chair's vote where they are equal. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployments.models import Vote

FOR, AGAINST, ABSTAINS = Vote.Choice.FOR, Vote.Choice.AGAINST, Vote.Choice.ABSTAINS


@dataclass(frozen=True)
class Tally:
    """`chairs` is what the chair's seat voted, "" for nothing; it decides when as many are for as against."""

    in_favour: int
    against: int
    abstaining: int
    chairs: str = ""

    @property
    def is_tie(self) -> bool:
        return self.in_favour == self.against > 0

    @property
    def was_taken(self) -> bool:
        """Whether anybody voted for or against; else the item is decided without a vote."""
        return self.in_favour + self.against > 0

    @property
    def verdict(self) -> str:
        """ "for", "against", or "" when there was no vote or the chair has to settle a tie."""
        if self.is_tie:
            return self.chairs if self.chairs in (FOR, AGAINST) else ""
        if self.in_favour == self.against:
            return ""
        return FOR if self.in_favour > self.against else AGAINST

    def allows(self, outcome: str) -> bool:
        """Granting and rejecting have to follow the votes where there were any; the other outcomes do not."""
        if not self.was_taken:
            return True
        return {"granted": self.verdict == FOR, "rejected": self.verdict == AGAINST}.get(outcome, True)


def tally(votes: Iterable[Vote], chair_id: int | None) -> Tally:
    """`votes` of one item with their seats loaded."""
    rows = sorted(votes, key=lambda vote: vote.pk or 0)
    counted = {choice: sum(vote.choice == choice for vote in rows) for choice in Vote.Choice.values}
    chairs = [vote.choice for vote in rows if vote.seat.holder_id == chair_id and vote.choice != ABSTAINS]
    return Tally(counted[FOR], counted[AGAINST], counted[ABSTAINS], chairs[0] if chairs else "")
