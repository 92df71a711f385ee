"""Schools from a list: added, changed, left alone; one mistake and nothing is saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from schools.models import Administration, AuditEvent, Municipality, School
from schools.services.organisation import COLUMNS, ImportRefused, import_schools
from tests import factories

pytestmark = pytest.mark.django_db

ROW = {
    "administration_code": "GYF",
    "administration_name": "Gymnasieförvaltningen",
    "school_form": "gymnasieskola",
    "group_tag_prefix": "GY-",
    "school_unit_code": "12345678",
    "name": "Södra gymnasiet",
    "group_tag": "GY-SODRA",
}
OTHER = {**ROW, "school_unit_code": "87654321", "name": "Norra gymnasiet", "group_tag": "GY-NORRA"}


@pytest.fixture(autouse=True)
def municipality() -> Municipality:
    return factories.municipality()


def test_new_schools_are_added_with_what_they_belong_to() -> None:
    result = import_schools([ROW, OTHER], by=None)

    school = School.objects.get(school_unit_code="12345678")
    assert [school.name for school in result.created] == ["Södra gymnasiet", "Norra gymnasiet"]
    assert (school.administration.name, school.school_form.code) == ("Gymnasieförvaltningen", "gymnasieskola")


def test_second_import_changes_nothing_and_leaves_no_event() -> None:
    import_schools([ROW, OTHER], by=None)
    events = AuditEvent.objects.count()

    result = import_schools([ROW, OTHER], by=None)

    assert (result.created, result.changed, result.unchanged) == ([], [], 2)
    assert AuditEvent.objects.count() == events


def test_changed_group_tag_forgets_the_old_group_and_is_audited() -> None:
    import_schools([ROW], by=None)
    School.objects.update(entra_group_id=factories.uuid())

    import_schools([{**ROW, "group_tag": "GY-SYD"}], by=None)

    assert School.objects.get().entra_group_id is None
    event = AuditEvent.objects.latest("id")
    assert (event.act, event.before, event.after) == (
        "school.changed",
        {"group_tag": "GY-SODRA"},
        {"group_tag": "GY-SYD"},
    )


def test_school_that_the_list_does_not_name_is_left() -> None:
    import_schools([ROW, OTHER], by=None)

    import_schools([ROW], by=None)

    assert School.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"school_unit_code": "1234567"},
        {"school_unit_code": "12345678"},
        {"group_tag": "GY-SODRA"},
        {"group_tag": "GR-NORRA"},
        {"group_tag_prefix": "G"},
        {"school_form": "förskola"},
        {"administration_name": "Ett annat namn"},
        {"name": ""},
        {"name": "N" * 101},
    ],
)
def test_one_mistake_is_named_by_its_row_and_nothing_is_saved(change: dict[str, str]) -> None:
    with pytest.raises(ImportRefused) as refusal:
        import_schools([ROW, {**OTHER, **change}], by=None)

    assert all("2" in message for message in refusal.value.messages)
    assert not School.objects.exists()
    assert not Administration.objects.exists()
    assert not AuditEvent.objects.exists()


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ImportRefused) as refusal:
        import_schools([{**ROW, "name": ""}, OTHER, {**OTHER, "school_unit_code": "x", "group_tag": "GY-X"}], by=None)

    assert len(refusal.value.messages) == 2


@pytest.mark.parametrize("separator", [",", ";"])
def test_command_reads_what_a_spreadsheet_saves(
    separator: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "schools.csv"
    lines = [separator.join(COLUMNS), *(separator.join(row[column] for column in COLUMNS) for row in (ROW, OTHER))]
    file.write_text("\r\n".join(lines), encoding="utf-8-sig")

    call_command("import_schools", str(file), "--json")

    assert json.loads(capsys.readouterr().out) == {"created": 2, "changed": 0, "unchanged": 0}


@pytest.mark.parametrize("content", [b"name,school_form\nA,B\n", b"\xff\xfe\x00", b""])
def test_command_says_what_is_wrong_with_the_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "schools.csv"
    file.write_bytes(content)

    with pytest.raises(CommandError):
        call_command("import_schools", str(file))


def test_command_names_the_municipality_the_first_time(tmp_path: Path) -> None:
    Municipality.objects.all().delete()
    file = tmp_path / "schools.csv"
    file.write_text(",".join(COLUMNS) + "\n" + ",".join(ROW[column] for column in COLUMNS))

    with pytest.raises(CommandError):
        call_command("import_schools", str(file), "--json")
    call_command("import_schools", str(file), "--json", municipality="Ådala")

    assert Municipality.objects.get().name == "Ådala"
