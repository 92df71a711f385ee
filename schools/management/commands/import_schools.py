"""Read schools from a CSV file into the portal. All rows or none; every mistake is named."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress

from schools.audit import acting_from
from schools.services.organisation import COLUMNS, Imported, import_schools, name_municipality


class Command(BaseCommand):
    help = f"Add and change schools from a CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="UTF-8, separated by comma or semicolon.")
        parser.add_argument("--municipality", metavar="NAME", help="The municipality's name; needed the first time.")
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output, for scripts.")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = read_rows(options["file"])
        quiet = options["json"]
        try:
            with acting_from("command"), Progress(console=Console(stderr=True), disable=quiet) as bar:
                if options["municipality"]:
                    name_municipality(options["municipality"], by=None)
                task = bar.add_task(_("Schools"), total=len(rows))
                result = import_schools(rows, by=None, progress=lambda done: bar.update(task, completed=done))
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self._report(result, as_json=quiet)

    def _report(self, result: Imported, *, as_json: bool) -> None:
        counts = {"created": len(result.created), "changed": len(result.changed), "unchanged": result.unchanged}
        if as_json:
            self.stdout.write(json.dumps(counts))
        else:
            words = _("%(created)d schools added, %(changed)d changed, %(unchanged)d as before.") % counts
            self.stdout.write(self.style.SUCCESS(words))


def read_rows(file: Path) -> list[dict[str, str | None]]:
    """The file's rows; CommandError says what is wrong with the file as a whole."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(_("%(file)s cannot be read: %(why)s.") % {"file": file, "why": error.strerror}) from error
    except UnicodeDecodeError as error:
        raise CommandError(_("%(file)s is not UTF-8. Save it as “CSV UTF-8”.") % {"file": file}) from error
    heading = text.partition("\n")[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise CommandError(_("The file lacks these columns: %(columns)s.") % {"columns": ", ".join(missing)})
    return list(reader)
