"""Lists as files: CSV as Swedish Excel opens it, and XLSX. Rows are read and sent as they come."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import Any, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Row = TypeVar("Row")
Column = tuple[str, Callable[[Row], Any]]
"""A heading, and what of a row stands under it: text, number, moment or None."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
LINES_AT_ONCE = 500
_WRITTEN_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n\r"}
"""Control characters, which XML cannot hold."""


def export_response(
    rows: Iterable[Row], columns: Sequence[Column[Row]], name: str, format: str, as_of: date | None = None
) -> HttpResponseBase:
    """`name` without ending; `format` csv or xlsx, anything else is a page that does not exist (404).

    With `as_of` the same rows give the same bytes: a workbook then says that day, and not when it was made.
    """
    if format == "csv":
        response = StreamingHttpResponse(_csv_chunks(rows, columns), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
    if format == "xlsx":
        file = _xlsx_file(rows, columns) if as_of is None else dated(_xlsx_file(rows, columns), as_of)
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    raise Http404


class _Line:
    """Where the csv module writes: it gives each line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _csv_chunks(rows: Iterable[Row], columns: Sequence[Column[Row]]) -> Iterator[bytes]:
    """UTF-8 with byte order mark and semicolons, which is what Excel expects in Swedish."""
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    lines = [str(writer.writerow([str(heading) for heading, _ in columns]))]
    mark = "\ufeff"
    for row in rows:
        lines.append(str(writer.writerow([_csv_value(value(row)) for _, value in columns])))
        if len(lines) >= LINES_AT_ONCE:
            yield (mark + "".join(lines)).encode()
            lines, mark = [], ""
    yield (mark + "".join(lines)).encode()


def _csv_value(value: Any) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if value is None or isinstance(value, int | float):
        return "" if value is None else str(value).replace(".", ",")
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _xlsx_file(rows: Iterable[Row], columns: Sequence[Column[Row]]) -> Any:
    book = Workbook(write_only=True)
    sheet: WriteOnlyWorksheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append([_text_cell(sheet, str(heading)) for heading, _ in columns])
    for row in rows:
        sheet.append([_xlsx_value(sheet, value(row)) for _, value in columns])
    file = TemporaryFile()  # noqa: SIM115 - the response closes it when it is sent
    book.save(file)
    file.seek(0)
    return file


def dated(file: Any, day: date) -> Any:
    """The workbook with a day in place of each moment at which it and its parts were written."""
    moment = f"{day.isoformat()}T00:00:00Z".encode()
    copy = TemporaryFile()  # noqa: SIM115 - the response closes it when it is sent
    with ZipFile(file) as made, ZipFile(copy, "w") as fixed:
        for part in made.infolist():
            content = made.read(part)
            if part.filename == "docProps/core.xml":
                content = _WRITTEN_AT.sub(rb"\g<1>" + moment + rb"\g<2>", content)
            fixed.writestr(ZipInfo(part.filename, (day.year, day.month, day.day, 0, 0, 0)), content, ZIP_DEFLATED)
    file.close()
    copy.seek(0)
    return copy


def _xlsx_value(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, int | float):
        return value
    return _text_cell(sheet, str(value))


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> Any:
    """Plain text goes as it is; what looks like a formula is said to be text, which no program then runs."""
    text = text.translate(CONTROLS)
    if not text.startswith(FORMULA_STARTS):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
