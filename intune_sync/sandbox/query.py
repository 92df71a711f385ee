"""OData `$filter` for the properties a resource lets itself be filtered by."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .clock import parse_date

Fields = Mapping[str, Callable[[Any], Any]]
Predicate = Callable[[Any], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<date>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_@][\w./:@]*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: _comparable(left, right) and left > right,
    "ge": lambda left, right: _comparable(left, right) and left >= right,
    "lt": lambda left, right: _comparable(left, right) and left < right,
    "le": lambda left, right: _comparable(left, right) and left <= right,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


def _comparable(left: Any, right: Any) -> bool:
    kinds = (str, int | float)
    return any(isinstance(left, kind) and isinstance(right, kind) for kind in kinds)


class FilterError(ValueError):
    """The filter cannot be read, or asks for a property or operator the resource does not offer."""


@dataclass(slots=True)
class Filter:
    """`operators` holds every operator and function used, lower-case."""

    matches: Predicate
    operators: set[str] = field(default_factory=set)
    properties: set[str] = field(default_factory=set)


def parse_filter(text: str, fields: Fields) -> Filter:
    """`fields` yields each property of an item: str, bool, number, None, date as seconds since 1970, or a list of str.

    Text is compared without regard to case, as Graph does. Raises FilterError.
    """
    parser = _Parser(_tokens(text), fields)
    matches = parser.either()
    if parser.tokens[parser.position][0] != "end":
        raise FilterError(f"unexpected '{parser.tokens[parser.position][1]}'")
    return Filter(matches, parser.operators, parser.properties)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if not found or not found.lastgroup:
            raise FilterError(f"unexpected '{text[position:].strip()[:20]}'")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        position = found.end()
    return [*tokens, ("end", "")]


def _date(text: str) -> float:
    try:
        return parse_date(text)
    except ValueError as error:
        raise FilterError(f"'{text}' is not a date") from error


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], fields: Fields) -> None:
        self.tokens, self.position = tokens, 0
        self.fields = {name.lower(): getter for name, getter in fields.items()}
        self.operators: set[str] = set()
        self.properties: set[str] = set()

    def take(self, *expected: str) -> tuple[str, str]:
        token = self.tokens[self.position]
        if expected and token[1].lower() not in expected:
            raise FilterError(f"expected '{expected[0]}', found '{token[1] or 'the end'}'")
        self.position += 1
        return token

    def next_is(self, *words: str) -> bool:
        kind, text = self.tokens[self.position]
        return kind in ("word", "mark") and text.lower() in words

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.next_is("or"):
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def both(self) -> Predicate:
        parts = [self.factor()]
        while self.next_is("and"):
            self.take()
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def factor(self) -> Predicate:
        if self.next_is("not"):
            self.take()
            self.operators.add("not")
            inner = self.factor()
            return lambda item: not inner(item)
        if self.next_is("("):
            self.take()
            predicate = self.either()
            self.take(")")
            return predicate
        name = self.word()
        if self.next_is("("):
            return self.function(name.lower())
        if name.lower().endswith("/any"):
            raise FilterError("a lambda needs parentheses")
        return self.comparison(name)

    def word(self) -> str:
        kind, text = self.take()
        if kind != "word":
            raise FilterError(f"expected a property, found '{text or 'the end'}'")
        return text

    def getter(self, name: str) -> Callable[[Any], Any]:
        try:
            getter = self.fields[name.lower()]
        except KeyError:
            raise FilterError(f"property '{name}' cannot be filtered on") from None
        self.properties.add(name.lower())
        return getter

    def comparison(self, name: str) -> Predicate:
        get, operator = self.getter(name), self.word().lower()
        self.operators.add(operator)
        if operator == "in":
            values = self.value_list()
            return lambda item: _folded(get(item)) in values
        if operator not in _COMPARE:
            raise FilterError(f"unknown operator '{operator}'")
        compare, right = _COMPARE[operator], self.value()
        return lambda item: compare(_folded(get(item)), right)

    def function(self, name: str) -> Predicate:
        self.take("(")
        self.operators.add(name)
        if name == "isof":
            return self.is_of()
        if name.endswith("/any"):
            return self.any_of(name.removesuffix("/any"))
        if name not in _FUNCTIONS:
            raise FilterError(f"unknown function '{name}'")
        get, call = self.getter(self.word()), _FUNCTIONS[name]
        self.take(",")
        right = str(self.value())
        self.take(")")
        return lambda item: call(str(_folded(get(item)) or ""), right)

    def is_of(self) -> Predicate:
        get, right = self.getter("isof"), str(self.value()).removeprefix("#")
        self.take(")")
        return lambda item: _folded(get(item)) == right

    def any_of(self, name: str) -> Predicate:
        """`groupTypes/any(c:c eq 'DynamicMembership')` and the same with startswith."""
        get = self.getter(name)
        variable = self.word()  # the colon is part of a word: `c:c`, or `c:startswith`
        if variable.lower().endswith(":startswith"):
            self.take("(")
            self.word()
            self.take(",")
            right = str(self.value())
            self.take(")")
            self.take(")")
            return lambda item: any(_folded(value).startswith(right) for value in get(item))
        self.take("eq")
        right = str(self.value())
        self.take(")")
        return lambda item: any(_folded(value) == right for value in get(item))

    def value_list(self) -> list[Any]:
        self.take("(")
        values = [self.value()]
        while self.next_is(","):
            self.take()
            values.append(self.value())
        self.take(")")
        return values

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "text":
            return text[1:-1].replace("''", "'").casefold()
        if kind == "guid":
            return text.casefold()
        if kind == "number":
            return float(text)
        if kind == "date":
            return _date(text)
        if kind == "word" and text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        raise FilterError(f"expected a value, found '{text or 'the end'}'")
