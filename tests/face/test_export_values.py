"""What goes into a file's cells."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.http import Http404
from openpyxl import load_workbook

from schools.export import export_response


def csv_of(value: Any) -> str:
    columns = [("Kolumn", lambda row: row), ("Slut", lambda _: "slut")]
    body = b"".join(export_response([value], columns, "lista", "csv"))  # type: ignore[arg-type]
    return body.decode("utf-8-sig").splitlines()[1].removesuffix(";slut")


def xlsx_of(value: Any) -> Any:
    body = b"".join(export_response([value], [("Kolumn", lambda row: row)], "lista", "xlsx"))  # type: ignore[arg-type]
    return load_workbook(BytesIO(body)).active["A2"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(start: str) -> None:
    assert csv_of(f"{start}1+1") == f"'{start}1+1"
    assert xlsx_of(f"{start}1+1").data_type == "s"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-5, "-5"),
        (1.5, "1,5"),
        (None, ""),
        (datetime(2027, 1, 11, 8, 0, tzinfo=UTC), "2027-01-11 09:00"),
        ("a;b", '"a;b"'),
        ("Åsö", "Åsö"),
    ],
)
def test_values_read_well_in_swedish_excel(value: Any, written: str) -> None:
    assert csv_of(value) == written


def test_xlsx_keeps_numbers_and_moments_as_such() -> None:
    assert xlsx_of(-5).value == -5
    assert xlsx_of(datetime(2027, 1, 11, 8, 0, tzinfo=UTC)).value == datetime(2027, 1, 11, 9, 0)


def test_control_characters_do_not_break_the_file() -> None:
    assert xlsx_of("a\x01b").value == "ab"


def test_empty_list_is_a_file_with_headings() -> None:
    body = b"".join(export_response([], [("Kolumn", str)], "lista", "csv"))  # type: ignore[arg-type]

    assert body.decode("utf-8-sig") == "Kolumn\r\n"


def test_unknown_format_does_not_exist() -> None:
    with pytest.raises(Http404):
        export_response([], [], "lista", "pdf")
