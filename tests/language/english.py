"""Finds English of the catalogue in a Swedish page: whole short texts, and pieces of sentences anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

from tests.language.catalogue import Text, texts

SPOKEN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "data-label"}
SILENT = {"script", "style", "code", "pre"}
VOID = {"br", "hr", "img", "input", "link", "meta", "use", "rect", "col", "wbr"}
GAPS = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]*>")
SENTENCE_WORDS = 3
"""From so many words on, a piece is told apart from a name, a code or another language wherever it stands."""


class Reader(HTMLParser):
    """What a Swedish reader sees or hears, text by text; parts marked with another language are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        is_silent = self.is_silent or tag in SILENT or (known.get("lang") or "sv") != "sv"
        if not is_silent:
            self.texts += [_plain(value or "") for name, value in attrs if name in SPOKEN_ATTRIBUTES]
        if tag not in VOID:
            self.open.append((tag, is_silent))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG without content opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.is_silent and data.strip():
            self.texts.append(_plain(data))

    @property
    def is_silent(self) -> bool:
        return bool(self.open) and self.open[-1][1]


def english_in(page: str) -> list[str]:
    """Each English text or piece of one that the page shows, sorted; empty when all is Swedish."""
    reader = Reader()
    reader.feed(page)
    shown = "\n".join(reader.texts)
    whole, pieces = _english()
    return sorted({*whole.intersection(reader.texts), *(piece for piece in pieces if piece in shown)})


@cache
def _english() -> tuple[frozenset[str], frozenset[str]]:
    """Short texts that give themselves away when they stand alone, and pieces of sentences that always do."""
    differing = [text for text in texts() if text.english != text.swedish]
    swedish = "\n".join(_plain(text.swedish) for text in texts())
    whole = {_plain(text.english) for text in differing} - {_plain(text.swedish) for text in texts()}
    pieces = {piece for text in differing for piece in _pieces(text) if piece not in swedish}
    return frozenset(whole), frozenset(pieces)


def _pieces(text: Text) -> Iterator[str]:
    for piece in GAPS.split(text.english):
        if len(re.findall(r"[^\W\d_]+", piece)) >= SENTENCE_WORDS:
            yield _plain(piece.replace("%%", "%"))


def _plain(text: str) -> str:
    return " ".join(text.split())
