"""The words in which `matrix.py` is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.access.world import EVERYBODY, ROLES


@dataclass(frozen=True)
class Allowed:
    """Roles by what they reach: `wide` everything, `own` only what belongs to their school (or, a token, to them)."""

    wide: frozenset[str]
    own: frozenset[str] = frozenset()

    def __call__(self, who: str, scope: str) -> bool:
        return who in self.wide or (scope == "own" and who in self.own)


def allow(wide: str = "", *, own: str = "") -> Allowed:
    """Role names with spaces between; everybody else is denied."""
    named = Allowed(frozenset(wide.split()), frozenset(own.split()))
    unknown = (named.wide | named.own) - set(EVERYBODY)
    assert not unknown, unknown
    return named


PUBLIC = allow(" ".join(EVERYBODY))
SIGNED_IN = allow(" ".join(ROLES))
MINE = allow(own=" ".join(ROLES))


@dataclass(frozen=True)
class Row:
    """A route's methods with who is allowed each; a method that is not named is not served.

    `keys` gives the kind of object in `World.keys` for each argument of the route, in order; `fixed` the other
    arguments.
    """

    methods: dict[str, Allowed]
    keys: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)

    @property
    def concerns_an_object(self) -> bool:
        return bool(self.keys)


def row(kind: str = "", *, fixed: dict[str, str] | None = None, keys: dict[str, str] | None = None, **methods: Allowed):  # type: ignore[no-untyped-def]
    """`row("device", GET=allow(...))`: the route's `pk` is a device of the person's own or of another school."""
    return Row(methods, keys or ({"pk": kind} if kind else {}), fixed or {})
