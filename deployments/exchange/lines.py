"""YAML as plain values that still know their lines, so that each error can name one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Problem:
    """`line` counts from 1; 0 is the file as a whole."""

    line: int
    text: str

    def __str__(self) -> str:
        return _("Line %(line)d: %(text)s") % {"line": self.line, "text": self.text} if self.line else self.text


class Unreadable(Exception):
    def __init__(self, line: int, text: str) -> None:
        self.problem = Problem(line, text)
        super().__init__(text)


@dataclass(frozen=True)
class Mapping:
    """`values` by key: text, numbers, None, or mappings; `lines` of the keys."""

    line: int
    values: dict[str, Any]
    lines: dict[str, int]

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


def read_document(text: str) -> tuple[Mapping, list[Mapping]]:
    """The document, and its list `entries` with each entry's line. Raises Unreadable."""
    root = _mapping(_compose(text))
    entries = root.values.get("entries")
    if not isinstance(entries, yaml.SequenceNode):
        raise Unreadable(root.line_of("entries"), _("The file needs a list of entries."))
    return root, [_mapping(node) for node in entries.value]


def _compose(text: str) -> yaml.Node:
    if len(text.encode()) > MOST_BYTES:
        raise Unreadable(0, _("The file is too large to be a baseline."))
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) and event.start_mark:
                raise Unreadable(
                    event.start_mark.line + 1, _("References to other places of the file are not allowed.")
                )
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 0, _("This is not YAML.")) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(0, _("This is not YAML.")) from error
    if root is None:
        raise Unreadable(0, _("The file is empty."))
    return root


def _mapping(node: yaml.Node) -> Mapping:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable(line, _("Keys with values are expected here."))
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, at, value in _pairs(node):
        if key in values:
            raise Unreadable(at, _("“%(key)s” stands twice.") % {"key": key})
        values[key], lines[key] = value, at
    return Mapping(line, values, lines)


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, int, Any]]:
    for key, value in node.value:
        at = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(at, _("A key has to be a word."))
        yield key.value, at, _value(value)


def _value(node: yaml.Node) -> Any:
    """Scalars as they are written: a school unit code keeps its zeros. Lists stay nodes."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    return _mapping(node) if isinstance(node, yaml.MappingNode) else node
