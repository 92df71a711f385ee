"""The switches of the sandbox: how it behaves where the real service may do one thing or another.

`GET /sandbox/settings` shows them all, `POST` sets some by name, `DELETE` puts the defaults back. Add a switch here and
read it where the behaviour is: `world.settings[PAGE_LINK_SECONDS]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

Json = dict[str, Any]
T = TypeVar("T", bool, float, str)


@dataclass(frozen=True, slots=True)
class Switch(Generic[T]):
    """`choices` are the only texts a text may be."""

    name: str
    default: T
    sentence: str
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """The value in the default's own kind. Raises ValueError."""
        if isinstance(self.default, bool):
            fits = isinstance(value, bool)
        elif isinstance(self.default, str):
            fits = isinstance(value, str) and (not self.choices or value in self.choices)
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if not fits:
            kind = " or ".join(self.choices) or {bool: "true or false", str: "a text"}.get(
                type(self.default), "a number"
            )
            raise ValueError(f"{self.name} must be {kind}")
        return float(value) if isinstance(self.default, float) else value


REGISTRY: dict[str, Switch[Any]] = {}


def switch(name: str, default: T, sentence: str, *choices: str) -> Switch[T]:
    """Declare a switch. `sentence` says what a value other than the default does."""
    REGISTRY[name] = made = Switch(name, default, sentence, choices)
    return made


class Settings:
    """The values in force; what is not set has its default."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._start: dict[str, Any] = {}

    def start_with(self, values: Mapping[str, Any]) -> None:
        """What `reset` goes back to. Raises ValueError like `put`."""
        self.put(values)
        self._start = dict(self._values)

    def __getitem__(self, each: Switch[T]) -> T:
        return cast(T, self._values.get(each.name, each.default))

    def put(self, values: Mapping[str, Any]) -> None:
        """All or none. Raises ValueError for an unknown name or a value of the wrong kind."""
        if unknown := set(values) - set(REGISTRY):
            raise ValueError(f"there is no switch {min(unknown)}; they are {', '.join(sorted(REGISTRY))}")
        self._values |= {name: REGISTRY[name].read(value) for name, value in values.items()}

    def reset(self) -> None:
        """Back to what the sandbox was started with."""
        self._values = dict(self._start)

    def shown(self) -> list[Json]:
        return [
            {"name": each.name, "value": self[each], "default": each.default, "sentence": each.sentence}
            | ({"choices": list(each.choices)} if each.choices else {})
            for each in sorted(REGISTRY.values(), key=lambda each: each.name)
        ]


PAGE_LINK_SECONDS = switch("page_link_seconds", 3600.0, "How long a next link may be followed, by the sandbox's clock.")
