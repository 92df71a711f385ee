"""Texts that Python gives to people go through gettext: labels, help texts, refusals, messages after an act."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.messages import NOT_SHOWN, PYTHON_FOLDERS
from tests.language.catalogue import ROOT

SOURCES = [
    path
    for folder in PYTHON_FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not {*NOT_SHOWN, "management"} & set(path.relative_to(ROOT).parts)
]
SPOKEN_ARGUMENTS = {"help_text", "verbose_name", "verbose_name_plural", "label", "description", "empty_label"}
REFUSALS = {"ValidationError", "InvalidMove", "NotFound", "PermissionDenied"}
MESSAGES = {"success", "info", "warning", "error"}
NAMES = {"Windows", "macOS"}


def bare_texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each literal, or f-string, that reaches a reader untranslated."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            spoken = [each.value for each in node.keywords if each.arg in SPOKEN_ARGUMENTS]
            spoken += node.args[:1] if _name(node.func) in REFUSALS else []
            spoken += node.args[1:2] if _is_message(node.func) else []
        elif isinstance(node, ast.ClassDef) and any(
            _name(base) in {"TextChoices", "IntegerChoices"} for base in node.bases
        ):
            spoken = [each.value.elts[-1] for each in node.body if _is_pair(each)]
        else:
            continue
        yield from ((each.lineno, _text(each)) for each in spoken if _text(each) and _text(each) not in NAMES)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_message(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in MESSAGES and _name(node.value) == "messages"


def _is_pair(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return ast.unparse(node)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_says_only_translated_text(path: Path) -> None:
    assert list(bare_texts(path.read_text())) == []


def test_the_check_sees_each_kind_of_bare_text() -> None:
    source = """
class Size(models.TextChoices):
    SMALL = "small", "Small"
    LARGE = "large", _("Large")
name = models.CharField(_("name"), help_text="Its name.")
messages.error(request, f"No {name}.")
raise ValidationError("Too small.")
"""
    assert [text for _line, text in sorted(bare_texts(source))] == ["Small", "Its name.", "f'No {name}.'", "Too small."]
