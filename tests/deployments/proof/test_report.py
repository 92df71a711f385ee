from __future__ import annotations

import csv
from io import BytesIO, StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from deployments.models import Baseline, BaselineRevision, ProofDay
from deployments.proof.assumptions import assumptions
from deployments.proof.days import note_day
from deployments.proof.evidence import KINDS
from deployments.proof.files import report_pdf
from deployments.proof.left import Cause
from deployments.proof.report import report_of
from tests import factories as make
from tests.deployments.proof.factories import AFTER, carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_what_was_decided_what_failed_and_what_is_left() -> None:
    school = make.school("Almskolan")
    devices = [make.device(school, last_check_in_at=AFTER) for _ in range(4)]
    decision, change = carried(*devices)
    make.install_status(devices[0], change.app_version, "installed", reported_at=AFTER)
    for device in devices[1:3]:
        make.install_status(device, change.app_version, "failed", reported_at=AFTER, error_code="0x80070643")

    found = report_of(make.baseline(), make.person("it_admin"), NOW)

    (row,) = found.decided
    assert (row.decision, row.answers.total, row.answers.done, row.holds) == (decision, 4, 1, True)
    (failed,) = found.failures
    assert (failed.failure.error_code, failed.failure.model, failed.failure.count) == (
        "0x80070643",
        "Dell Inc. Latitude 3120",
        2,
    )
    assert {each.left.cause: each.left.count for each in found.left} == {Cause.FAILED: 2, Cause.WAITING_FOR_INTUNE: 1}


def test_change_that_is_not_written_waits_for_it() -> None:
    carried(make.device(make.school()), written_at=None, status="planned")

    (row,) = report_of(make.baseline(), make.person("it_admin"), NOW).left

    assert row.left.cause == Cause.NOT_WRITTEN


def test_decision_belongs_to_the_semester_it_was_first_put_into() -> None:
    decision, change = carried(make.device(make.school()))
    autumn = make.baseline("HT", 2027)
    make.entry(
        make.revision("decided", of=autumn), make.municipality(), change.app_version.application, decision=decision
    )
    admin = make.person("it_admin")

    assert [row.decision for row in report_of(make.baseline(), admin, NOW).decided] == [decision]
    assert report_of(autumn, admin, NOW).decided == ()


def test_decision_that_is_taken_back_is_told_without_what_is_left() -> None:
    _decision, change = carried(make.device(make.school()))
    BaselineRevision.objects.filter(pk=change.change_set.revision_id).update(
        status="superseded", activated_at=NOW, superseded_at=NOW
    )

    found = report_of(make.baseline(), make.person("it_admin"), NOW)

    assert [row.holds for row in found.decided] == [False]
    assert (found.concerned, found.left) == (0, ())


def test_school_reads_its_own_and_no_other() -> None:
    mine, theirs = make.school(), make.school()
    carried(make.device(mine), make.device(theirs))
    carried(make.device(theirs), decision=make.decision(school=theirs))
    person = make.person("school_it", mine)

    found = report_of(make.baseline(), person, NOW)

    assert [row.answers.total for row in found.decided] == [1]
    assert [row.answers.total for row in report_of(make.baseline(), person, NOW, mine).decided] == [1]


def test_address_of_another_schools_report_is_not_found(client: Client) -> None:
    mine, theirs = make.school(), make.school()
    client.force_login(make.person("school_it", mine))
    baseline = make.baseline()

    answers = [client.get(f"/follow-up/{baseline.pk}/?school={school.pk}").status_code for school in (mine, theirs)]

    assert answers == [200, 404]
    assert client.get(f"/follow-up/{baseline.pk}/report.csv?school={theirs.pk}").status_code == 404


def test_report_costs_the_same_however_many_decisions() -> None:
    admin = make.person("it_admin")
    assert admin.access.everywhere
    costs = []
    for _ in range(2):
        for _ in range(3):
            carried(make.device(make.school()))
        with CaptureQueriesContext(connection) as asked:
            report_of(make.baseline(), admin, NOW)
        costs.append(len(asked))

    assert costs[0] == costs[1] <= 16


@pytest.fixture
def baseline() -> Baseline:
    """One with something in every section."""
    school = make.school("Almskolan")
    devices = [make.device(school, last_check_in_at=AFTER) for _ in range(3)]
    _decision, change = carried(*devices, decision=make.decision(text="=HYPERLÄNK till alla"))
    make.install_status(devices[0], change.app_version, "installed", reported_at=AFTER)
    make.install_status(devices[1], change.app_version, "failed", reported_at=AFTER, error_code="0x80070643")
    return make.baseline()


def test_files_parse_back_to_the_figures_of_the_page(client: Client, baseline: Baseline) -> None:
    client.force_login(make.person("it_admin"))

    text = b"".join(client.get(f"/follow-up/{baseline.pk}/report.csv")).decode("utf-8-sig")  # type: ignore[arg-type]
    rows = list(csv.DictReader(StringIO(text), delimiter=";"))
    sheet = load_workbook(BytesIO(b"".join(client.get(f"/follow-up/{baseline.pk}/report.xlsx")))).active  # type: ignore[arg-type]
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]

    first = rows[0]
    assert first["Vad"] == "'=HYPERLÄNK till alla"
    assert [len(rows) + 1, list(first)] == [len(cells), cells[0]]
    assert sum(int(first[name]) for name in list(first)[5:11]) == int(first["Antal"]) == cells[1][4] == 3
    assert sum(cells[1][5:11]) == 3


def test_files_hold_what_was_avoided_and_what_it_is_counted_with(client: Client, baseline: Baseline) -> None:
    client.force_login(make.person("it_admin"))

    text = b"".join(client.get(f"/follow-up/{baseline.pk}/report.csv")).decode("utf-8-sig")  # type: ignore[arg-type]
    rows = list(csv.DictReader(StringIO(text), delimiter=";"))

    section, number, hours, value = "Avsnitt", "Antal", "Timmar", "Värde"
    by_section: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_section.setdefault(row[section], []).append(row)
    before = [(row[number], float(row[hours].replace(",", "."))) for row in by_section["Ett år före portalen"]]
    assert before == [("18000", 630.0), ("400", 400.0)]
    assert "3,94" in by_section["Ett år före portalen"][0]["Anteckning"]
    counted = {row["Vad"]: float(row[value].replace(",", ".")) for row in by_section["Antagande"]}
    assert counted == {str(each): float(each.value) for each in assumptions().values()}
    assert len(by_section["Sparat"]) == len(KINDS)


def test_same_figures_on_the_same_day_give_the_same_bytes(client: Client, baseline: Baseline) -> None:
    client.force_login(make.person("it_admin"))

    for kind in ("csv", "xlsx", "pdf"):
        once, again = (b"".join(client.get(f"/follow-up/{baseline.pk}/report.{kind}")) for _ in range(2))  # type: ignore[arg-type]
        assert once == again
        assert len(once) > 300


def test_pdf_is_tagged_and_in_the_municipalitys_language(baseline: Baseline) -> None:
    found = report_pdf(report_of(baseline, make.person("it_admin"), NOW))

    assert found.startswith(b"%PDF")
    assert b"/StructTreeRoot" in found
    assert b"/Lang (sv)" in found or b"/Lang(sv)" in found


@pytest.mark.parametrize("role", ["it_admin", "auditor", "committee", "school_it"])
def test_pages_show_the_same_figures_and_link_only_for_those_who_see_computers(client: Client, role: str) -> None:
    school = make.school("Almskolan")
    decision, change = carried(*(make.device(school, last_check_in_at=AFTER) for _ in range(3)))
    note_day(NOW)
    assert ProofDay.objects.get().total == 3
    client.force_login(make.person(role, school if role == "school_it" else None))

    pages = [
        client.get(path) for path in ("/follow-up/", f"/follow-up/{make.baseline().pk}/", f"/decisions/{decision.pk}/")
    ]

    link = f"/decisions/{decision.pk}/computers/?status=waiting_for_intune"
    for page in pages:
        assert page.status_code == 200
        assert (link in page.content.decode()) == (role != "committee")
    if role != "committee":
        listed = client.get(link).content.decode()
        assert sum(str(target.device) in listed for target in change.targets.select_related("device")) == 3


def test_choice_that_makes_no_sense_lists_nothing(client: Client) -> None:
    decision, _change = carried(make.device(make.school()))
    client.force_login(make.person("it_admin"))

    page = client.get(f"/decisions/{decision.pk}/computers/?version=abc")

    assert page.context["count"] == 0


def test_school_page_shows_its_share(client: Client) -> None:
    school = make.school()
    decision, _change = carried(make.device(school), make.device(make.school()))
    client.force_login(make.person("school_it", school))

    rows = client.get(school.get_absolute_url()).context["proof"]

    assert [(row.href, row.answers.total) for row in rows] == [(decision.get_absolute_url(), 1)]
