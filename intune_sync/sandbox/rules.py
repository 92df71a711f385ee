"""Rules in Entra's and Intune's language, such as `(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-RONN"))`.

Used for dynamic groups and assignment filters. Text is compared as written, except that a label in brackets is
compared without regard to case: Microsoft's own examples write `[ZTDId]` for the stored `[ZTDID]`.
https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]
Rule = Callable[[Facts], bool]

_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"`]|`.)*"|'[^']*')|(?P<word>-?[A-Za-z_][\w.]*)|(?P<mark>[()\[\],]))""")
_LABEL = re.compile(r"^\[[^\]]*\]")
_OPERATORS: dict[str, Callable[[str, Any], bool]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-startswith": lambda left, right: left.startswith(right),
    "-notstartswith": lambda left, right: not left.startswith(right),
    "-contains": lambda left, right: right in left,
    "-notcontains": lambda left, right: right not in left,
    "-in": lambda left, right: left in right,
    "-notin": lambda left, right: left not in right,
}


class RuleError(ValueError):
    """The rule cannot be read; the text says where."""


def parse_rule(text: str, attributes: frozenset[str]) -> Rule:
    """A predicate over facts keyed by attribute name without `device.`, lower-case. Raises RuleError."""
    parser = _Parser(_tokens(text), attributes)
    rule = parser.either()
    if parser.tokens[parser.position :] != [""]:
        raise RuleError(f"unexpected {parser.tokens[parser.position]}")
    return rule


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if not found:
            raise RuleError(f"unexpected {text[position:].strip()[:20]}")
        tokens.append(found[0].strip())
        position = found.end()
    return [*tokens, ""]


def normal(value: str) -> str:
    """The form in which rules compare: the label in front in lower case. Facts that are lists must hold it."""
    return _LABEL.sub(lambda label: label[0].lower(), value) if value[:1] == "[" else value


def _text(value: object) -> str:
    return "" if value is None else normal(str(value))


class _Parser:
    def __init__(self, tokens: list[str], attributes: frozenset[str]) -> None:
        self.tokens, self.position, self.attributes = tokens, 0, attributes

    def take(self, *expected: str) -> str:
        token = self.tokens[self.position]
        if expected and token.lower() not in expected:
            raise RuleError(f"expected {expected[0]}, found {token or 'the end'}")
        self.position += 1
        return token

    def next_is(self, *words: str) -> bool:
        return self.tokens[self.position].lower() in words

    def either(self) -> Rule:
        parts = [self.both()]
        while self.next_is("or", "-or"):
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda facts: any(part(facts) for part in parts)

    def both(self) -> Rule:
        parts = [self.factor()]
        while self.next_is("and", "-and"):
            self.take()
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)

    def factor(self) -> Rule:
        if self.next_is("not", "-not"):
            self.take()
            inner = self.factor()
            return lambda facts: not inner(facts)
        if self.next_is("("):
            self.take()
            rule = self.either()
            self.take(")")
            return rule
        return self.comparison()

    def comparison(self) -> Rule:
        attribute = self.take().lower().removeprefix("device.")
        if attribute not in self.attributes:
            raise RuleError(f"unknown property {attribute or 'at the end'}")
        operator = self.take().lower()
        if operator in ("-any", "-all"):
            return self.quantified(attribute, any if operator == "-any" else all)
        compare, right = self.operator(operator), self.value()
        return lambda facts: compare(_text(facts.get(attribute)), right)

    def quantified(self, attribute: str, holds: Callable[..., bool]) -> Rule:
        bracket = self.next_is("(")
        if bracket:
            self.take()
        self.take("_")
        compare, right = self.operator(self.take().lower()), self.value()
        if bracket:
            self.take(")")
        return lambda facts: holds(compare(value, right) for value in facts.get(attribute) or ())

    def operator(self, word: str) -> Callable[[str, Any], bool]:
        try:
            return _OPERATORS[word]
        except KeyError:
            raise RuleError(f"unknown operator {word or 'at the end'}") from None

    def value(self) -> Any:
        if not self.next_is("["):
            return self.text()
        self.take()
        values = [self.text()]
        while self.next_is(","):
            self.take()
            values.append(self.text())
        self.take("]")
        return values

    def text(self) -> str:
        token = self.take()
        if token[:1] in "\"'" and token:
            return normal(token[1:-1])
        if token.lower() in ("true", "false"):
            return token.capitalize()
        if token.lower() in ("null", "$null"):
            return ""
        raise RuleError(f"expected a value, found {token or 'the end'}")
