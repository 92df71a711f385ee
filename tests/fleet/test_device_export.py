"""The file holds exactly the rows of the list, as text that no spreadsheet runs."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.test import Client
from openpyxl import load_workbook

from tests.factories import device, person, school

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(person("it_admin"))
    return client


def csv_lines(client: Client, query: str = "") -> list[list[str]]:
    body = client.get(f"/devices/export.csv?{query}").getvalue()
    assert body.startswith(b"\xef\xbb\xbf")
    return [line.split(";") for line in body.decode("utf-8-sig").splitlines()]


def test_file_has_the_rows_and_the_order_of_the_list(client: Client) -> None:
    for number in range(60):
        device(platform="macos" if number % 2 else "windows")

    query = "platform=macos&sort=-serial"
    listed = [row.serial_number for row in client.get(f"/devices/?{query}").context["page"].rows]

    assert [line[1] for line in csv_lines(client, query)[1:]] == listed
    assert len(listed) == 30


def test_moments_are_swedish_time_and_storage_is_in_gigabytes(client: Client) -> None:
    device()

    heading, row = csv_lines(client)

    assert "2027-01-11 08:00" in row
    assert "120" in row
    assert len(heading) == len(row)


def test_formula_in_a_name_is_text_in_csv(client: Client) -> None:
    device(observed_name="=cmd|' /C calc'!A0")

    assert csv_lines(client)[1][0] == "'=cmd|' /C calc'!A0"


def test_formula_in_a_name_is_text_in_xlsx(client: Client) -> None:
    device(observed_name="=1+1")

    body = client.get("/devices/export.xlsx").getvalue()
    cell = load_workbook(BytesIO(body)).active["A2"]

    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_school_staff_export_their_own_school_only() -> None:
    here = school()
    mine = device(here)
    device(school())
    client = Client()
    client.force_login(person("school_it", here))

    assert [line[1] for line in csv_lines(client)[1:]] == [mine.serial_number]


def test_other_formats_do_not_exist(client: Client) -> None:
    assert client.get("/devices/export.pdf").status_code == 404


def test_export_needs_a_role_that_sees_computers() -> None:
    client = Client()
    client.force_login(person("supplier"))

    assert client.get("/devices/export.csv").status_code == 403


def test_words_are_in_the_persons_language_though_rows_are_sent_after_the_request(client: Client) -> None:
    device()
    client.cookies["django_language"] = "en"

    heading, row = csv_lines(client)

    assert row[heading.index("Compliance")] == "Compliant"
