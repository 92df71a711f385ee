"""The Swedish catalogue as pairs of texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PO_FILE = ROOT / "locale" / "sv" / "LC_MESSAGES" / "django.po"


@dataclass(frozen=True)
class Text:
    english: str
    swedish: str


@cache
def texts() -> tuple[Text, ...]:
    """Every sentence; a counted one gives two, its singular and its plural."""
    with PO_FILE.open("rb") as file:
        catalogue = read_po(file, locale="sv")
    pairs = [
        pair
        for message in catalogue
        if message.id
        for pair in zip(_forms(message.id), _forms(message.string), strict=True)
    ]
    return tuple(Text(english, swedish) for english, swedish in pairs)


def _forms(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, (tuple, list)) else (str(value),)
