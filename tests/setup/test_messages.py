"""The catalogue tool, on a small project of its own."""

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from scripts.messages import check_command, compile_command, complaints, extract_catalogue, extract_command

VIEWS = """
from django.utils.translation import gettext as _, ngettext_lazy, pgettext_lazy
welcome = _("Hello %(name)s, "
            "welcome.")
count = ngettext_lazy("%(n)d computer", "%(n)d computers", "n")
verb = pgettext_lazy("verb", "Open")
"""
PAGE = """
{% load i18n %}
    <p title="(not closed">{% translate "It's a page." %}
  {% blocktranslate trimmed count n=items|length %}
     One thing of {{ owner }}.
  {% plural %}
     {{ n }} things of {{ owner }}.
  {% endblocktranslate %}
{{ name|default:_("No name") }} {% comment %}{% translate "Never shown." %}{% endcomment %}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"schools/views.py": VIEWS, "templates/schools/page.html": PAGE}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def po_file(project: Path) -> Path:
    return project / "locale" / "sv" / "LC_MESSAGES" / "django.po"


def translate(project: Path) -> None:
    with po_file(project).open("rb") as file:
        catalogue = read_po(file, locale="sv")
    for message in catalogue:
        if message.id:
            message.string = tuple(message.id) if message.pluralizable else message.id
    catalogue.get("Open", "verb").string = "Öppna"
    with po_file(project).open("wb") as file:
        write_po(file, catalogue)


def catalogue_with(**message: object) -> Catalog:
    catalogue = Catalog(locale="sv")
    catalogue.add(**message)
    return catalogue


def test_sentences_of_python_and_templates_are_found(project: Path) -> None:
    found = {message.id for message in extract_catalogue(project) if message.id}

    assert found == {
        "Hello %(name)s, welcome.",
        ("%(n)d computer", "%(n)d computers"),
        "Open",
        "It's a page.",
        ("One thing of %(owner)s.", "%(n)s things of %(owner)s."),
        "No name",
    }


def test_extracting_again_changes_nothing(project: Path) -> None:
    extract_command(project)
    before = po_file(project).read_bytes()

    extract_command(project)

    assert po_file(project).read_bytes() == before
    assert b"page.html:" not in before


def test_translations_stay_and_sentences_that_are_gone_go(project: Path) -> None:
    extract_command(project)
    translate(project)
    (project / "templates/schools/page.html").write_text('{% load i18n %}{% translate "It is a new page." %}')

    extract_command(project)

    text = po_file(project).read_text()
    assert "Öppna" in text
    assert "It's a page." not in text
    assert 'msgid "It is a new page."\nmsgstr ""' in text  # not guessed from the old one


def test_check_lists_what_the_sources_have_and_the_catalogue_lacks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extract_command(project)
    translate(project)
    check_command(project)
    assert "All 6 sentences" in capsys.readouterr().out

    (project / "schools/forms.py").write_text('title = gettext("A new one")')

    with pytest.raises(SystemExit, match="untranslated: A new one"):
        check_command(project)


def test_compiled_catalogue_is_read_by_gettext(project: Path) -> None:
    extract_command(project)
    translate(project)

    compile_command(project)

    swedish = gettext.translation("django", project / "locale", ["sv"])
    assert swedish.pgettext("verb", "Open") == "Öppna"
    assert swedish.ngettext("%(n)d computer", "%(n)d computers", 2) == "%(n)d computers"


@pytest.mark.parametrize(
    ("identifier", "string", "expected"),
    [
        ("Hello", "Hej", []),
        ("Hello", "", ["untranslated: Hello"]),
        ("%(n)s left", "%(m)s kvar", ["other placeholders than the original: %(n)s left"]),
        ("{n} left", "kvar", ["other placeholders than the original: {n} left"]),
        (("%(n)d PC", "%(n)d PCs"), ("en dator", "%(n)d datorer"), []),
        (("%(n)d PC", "%(n)d PCs"), ("en dator", "datorer"), ["other placeholders than the original: %(n)d PC"]),
        (
            ("%(n)d PC", "%(n)d PCs"),
            ("%(x)d dator", "%(n)d datorer"),
            ["other placeholders than the original: %(n)d PC"],
        ),
        (("%(n)d PC", "%(n)d PCs"), ("en dator", ""), ["untranslated: %(n)d PC"]),
    ],
)
def test_complaints(identifier: object, string: object, expected: list[str]) -> None:
    assert list(complaints(catalogue_with(id=identifier, string=string))) == expected


def test_a_fuzzy_translation_is_none() -> None:
    assert list(complaints(catalogue_with(id="Hello", string="Hej", flags=["fuzzy"]))) == ["fuzzy: Hello"]
