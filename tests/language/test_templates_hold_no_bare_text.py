"""Every word a page shows goes through gettext: templates are read as HTML with their tags taken out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
SPOKEN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "aria-description", "label", "summary"}
NAMES = {
    "Terminsklar",
    "CSV",
    "XLSX",
    "API",
    "JSON",
    "OpenAPI",
    "Windows",
    "macOS",
    "Intune",
    "Microsoft",
    "Graph",
    "GB",
}
WORD = re.compile(r"[^\W\d_]{2,}")


class BareText(HTMLParser):
    """Collects what a reader would see or hear although no translation stands behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style", "code"}
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES:
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)

    def note(self, text: str) -> None:
        self.found += [word for word in WORD.findall(text) if word not in NAMES]


def without_tags(source: str) -> str:
    """The template's own text; every tag, variable and translated block becomes a control character."""
    kept, inside = [], 0
    for token in Lexer(source).tokenize():
        name = token.contents.split()[0] if token.contents.split() else ""
        if token.token_type == TokenType.BLOCK and name in {"blocktranslate", "blocktrans", "comment"}:
            inside += 1
        elif token.token_type == TokenType.BLOCK and name in {"endblocktranslate", "endblocktrans", "endcomment"}:
            inside -= 1
        if not inside:
            kept.append(token.contents if token.token_type == TokenType.TEXT else "\x01")
    return "".join(kept)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_shows_only_translated_text(path: Path) -> None:
    reader = BareText()
    reader.feed(without_tags(path.read_text()))

    assert reader.found == []


def test_the_check_sees_bare_text_in_elements_and_attributes() -> None:
    reader = BareText()
    reader.feed(
        without_tags('<p>Hello {{ name }}</p><img alt="Picture">{% blocktranslate %}Fine{% endblocktranslate %}')
    )

    assert reader.found == ["Hello", "Picture"]
