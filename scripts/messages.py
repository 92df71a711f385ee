"""Message catalogues without GNU gettext: `python -m scripts.messages extract|compile|check`.

The English sentences of the sources are the msgids. Scripts in the browser take their texts from the page.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from scripts import ROOT

LANGUAGES = ["sv"]
PYTHON_FOLDERS = ["schools", "fleet", "deployments", "intune_sync", "config"]
NOT_SHOWN = {"migrations", "sandbox"}
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def extract_catalogue(root: Path) -> Catalog:
    """Every marked sentence of the Python files and templates below `root`, by file and in its order."""
    catalogue = Catalog(charset="utf-8")
    for path in _sources(root):
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # In parentheses, Python's tokenizer does not mind a page's indentation.
            source = f"({templatize(source, origin=str(path))})"
        for _line, message, comments, context in extract(
            "python", io.BytesIO(source.encode()), KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=False
        ):
            location = (path.relative_to(root).as_posix(), 0)
            catalogue.add(message, locations=[location], auto_comments=comments, context=context)
    return catalogue


def update_catalogue(path: Path, fresh: Catalog, language: str) -> Catalog:
    """What `path` has translated of `fresh`: new sentences come empty, never guessed, and those gone are dropped."""
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    else:
        catalogue = Catalog(
            locale=language,
            header_comment="# The texts of Terminsklar; `make messages` brings the sentences of the sources in.",
            project="Terminsklar",
            version="1",
            charset="utf-8",
            fuzzy=False,
        )
    catalogue.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def complaints(catalogue: Catalog) -> Iterator[str]:
    """One line for each sentence that is not, not surely or not correctly translated."""
    for message in catalogue:
        originals, forms = _texts(message.id), _texts(message.string)
        if not originals:
            continue
        if not forms or not all(forms):
            yield f"untranslated: {originals[0]}"
        elif message.fuzzy:
            yield f"fuzzy: {originals[0]}"
        elif _placeholders_differ(originals, forms):
            yield f"other placeholders than the original: {originals[0]}"


def _texts(value: object) -> list[str]:
    """Singular and plural, or the one text there is; the header's empty msgid gives none."""
    if isinstance(value, (tuple, list)):
        return [str(text or "") for text in value]
    return [str(value)] if value else []


def _placeholders_differ(originals: list[str], forms: list[str]) -> bool:
    """A singular may leave out the number ("one computer"); no form may name what the original does not give."""
    given = _placeholders(*originals)
    return _placeholders(forms[-1]) != _placeholders(originals[-1]) or not _placeholders(*forms) <= given


def _placeholders(*texts: str) -> set[str]:
    return {found for text in texts for found in PLACEHOLDER.findall(text)}


def _sources(root: Path) -> Iterator[Path]:
    for folder in PYTHON_FOLDERS:
        paths = sorted((root / folder).rglob("*.py"))
        yield from (path for path in paths if not NOT_SHOWN & set(path.relative_to(root).parts))
    for suffix in ("html", "txt"):
        yield from sorted((root / "templates").rglob(f"*.{suffix}"))


def _catalogue_path(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def extract_command(root: Path) -> None:
    fresh = extract_catalogue(root)
    for language in LANGUAGES:
        path = _catalogue_path(root, language)
        catalogue = update_catalogue(path, fresh, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, include_lineno=False, sort_by_file=True)
        print(
            f"{path.relative_to(root)}: {len(catalogue)} sentences, {sum(1 for _ in complaints(catalogue))} to look at"
        )


def compile_command(root: Path) -> None:
    for path in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source, locale=path.parts[-3]))


def check_command(root: Path) -> None:
    """Exits with 1 and a list, also when the catalogue is older than the sources."""
    fresh = extract_catalogue(root)
    found = []
    for language in LANGUAGES:
        catalogue = update_catalogue(_catalogue_path(root, language), fresh, language)
        found += [f"{language}: {complaint}" for complaint in complaints(catalogue)]
    if found:
        sys.exit(
            "\n".join([*found, f"{len(found)} sentences need a translator; `make messages` updates the catalogue."])
        )
    print(f"All {len(fresh)} sentences are translated.")


COMMANDS = {"extract": extract_command, "compile": compile_command, "check": check_command}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--root", type=Path, default=ROOT, help="the project whose sentences are meant")
    arguments = parser.parse_args()
    COMMANDS[arguments.command](arguments.root)


if __name__ == "__main__":
    main()
