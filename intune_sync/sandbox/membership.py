"""What has happened to the members of groups, so that delta queries and lagging indexes can look back."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

KEPT = 500_000


@dataclass(frozen=True, slots=True)
class MemberChange:
    number: int
    at: float
    group_id: str
    ordinal: int
    added: bool


@dataclass(slots=True)
class MemberLog:
    """Numbered from 1. What `KEPT` later changes have pushed out cannot be looked back on."""

    written: int = 0
    changes: deque[MemberChange] = field(default_factory=lambda: deque(maxlen=KEPT))

    def record(self, group_id: str, before: set[int], after: set[int], at: float) -> None:
        for ordinals, added in ((before - after, False), (after - before, True)):
            for ordinal in sorted(ordinals):
                self.note(group_id, ordinal, added=added, at=at)

    def note(self, group_id: str, ordinal: int, *, added: bool, at: float) -> None:
        self.written += 1
        self.changes.append(MemberChange(self.written, at, group_id, ordinal, added))

    def knows(self, number: int) -> bool:
        """Whether everything after `number` is still here."""
        return not self.changes or self.changes[0].number <= number + 1

    def since(self, number: int, upto: int) -> dict[str, dict[int, bool]]:
        """By group id: the ordinals whose membership changed, and whether they came or went in the end."""
        found: dict[str, dict[int, bool]] = {}
        for change in self._newest_first():
            if change.number <= number:
                break
            if change.number <= upto:
                found.setdefault(change.group_id, {}).setdefault(change.ordinal, change.added)
        return found

    def members_at(self, group_id: str, members: set[int], at: float) -> set[int]:
        """What `members`, those of now, were at an earlier moment."""
        then = set(members)
        for change in self._newest_first():
            if change.at <= at:
                break
            if change.group_id == group_id:
                (then.discard if change.added else then.add)(change.ordinal)
        return then

    def _newest_first(self) -> Iterator[MemberChange]:
        return reversed(self.changes)
