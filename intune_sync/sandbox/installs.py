"""Install status of every app on every device, as Intune has heard it, in arrays by the device's ordinal."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

KEPT_CHANGES = 4


class State(IntEnum):
    """The numbers of Graph's resultantAppState; NO_ROW is ours: the app does not concern the device."""

    NOT_APPLICABLE = 0xFF  # -1 in reports
    NO_ROW = 0
    INSTALLED = 1
    FAILED = 2
    NOT_INSTALLED = 3
    UNINSTALL_FAILED = 4
    PENDING = 5
    UNKNOWN = 99


STATE_NAMES = {
    State.NOT_APPLICABLE: "notApplicable",
    State.INSTALLED: "installed",
    State.FAILED: "failed",
    State.NOT_INSTALLED: "notInstalled",
    State.UNINSTALL_FAILED: "uninstallFailed",
    State.PENDING: "pendingInstall",
    State.UNKNOWN: "unknown",
}


Said = tuple[int, int, float]
"""State, error, and since when."""
NOTHING: Said = (State.NO_ROW, 0, 0.0)


@dataclass(slots=True)
class AppInstalls:
    """`changed_at` in seconds since 1970; `present`: the software is on the disk, whatever Intune wants.

    `replaced` has what a computer's latest changes took the place of, oldest first, for reports that know them late.
    """

    state: bytearray
    present: bytearray
    attempts: bytearray
    error: "array[int]"
    changed_at: "array[float]"
    replaced: dict[int, list[Said]] = field(default_factory=dict)

    @classmethod
    def of_size(cls, size: int) -> "AppInstalls":
        return cls(
            bytearray(size), bytearray(size), bytearray(size), array("i", bytes(4 * size)), array("d", bytes(8 * size))
        )

    def put(self, ordinal: int, state: State, at: float, error: int = 0) -> None:
        if (before := self.current(ordinal)) != NOTHING:
            self.replaced[ordinal] = [*self.replaced.get(ordinal, ())[1 - KEPT_CHANGES :], before]
        self.state[ordinal], self.error[ordinal], self.changed_at[ordinal] = state, error, at

    def said(self, ordinal: int, at: float) -> Said:
        """What held at that moment, as far back as the latest changes go."""
        known = (*self.replaced.get(ordinal, ()), self.current(ordinal))
        return next((each for each in reversed(known) if each[2] <= at), NOTHING)

    def current(self, ordinal: int) -> Said:
        return self.state[ordinal], self.error[ordinal], self.changed_at[ordinal]

    def grow(self) -> None:
        """Room for one more computer."""
        for flags in (self.state, self.present, self.attempts):
            flags.append(0)
        self.error.append(0)
        self.changed_at.append(0.0)

    def rows(self) -> Iterator[int]:
        """Ordinals that have a state, in order."""
        return (ordinal for ordinal, state in enumerate(self.state) if state)

    def counts(self) -> dict[str, int]:
        return {name: self.state.count(state) for state, name in STATE_NAMES.items()}


class Installs:
    def __init__(self, app_ids: list[str], size: int) -> None:
        self.by_app = {app_id: AppInstalls.of_size(size) for app_id in app_ids}

    def grow(self) -> None:
        for installs in self.by_app.values():
            installs.grow()

    def forget(self, ordinal: int, *, wiped: bool) -> None:
        """The computer reports nothing any more; what is on its disk stays unless it was wiped."""
        for installs in self.by_app.values():
            installs.put(ordinal, State.NO_ROW, 0.0)
            installs.attempts[ordinal] = 0
            if wiped:
                installs.present[ordinal] = 0

    def counts(self) -> dict[str, int]:
        totals = dict.fromkeys(STATE_NAMES.values(), 0)
        for installs in self.by_app.values():
            for name, count in installs.counts().items():
                totals[name] += count
        return totals
