"""Registering computers in Autopilot from the file that Windows itself writes.

https://learn.microsoft.com/autopilot/add-devices
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from intune_sync.models import AutopilotImport, ImportRow, Operation
from intune_sync.payloads.imports import MOST_ROWS
from schools import audit
from schools.models import School, User

SERIAL, PRODUCT, HASH = "device serial number", "windows product id", "hardware hash"
TAG, USER = "group tag", "assigned user"
MOST_COMPUTERS = 5_000
MOST_COMPLAINTS = 20


@dataclass(frozen=True)
class FileRow:
    line: int
    serial_number: str
    product_key: str
    hardware_hash: str
    group_tag: str = ""
    user_principal_name: str = ""


def read_file(content: bytes) -> list[FileRow]:
    """The computers of the file. Raises ValidationError with a sentence for each line that is not right."""
    rows = _rows(_text(content))
    seen: dict[str, int] = {}
    complaints = []
    for row in rows:
        complaint = _complaint(row, seen)
        if complaint:
            complaints.append(_("Line %(line)d: %(what)s") % {"line": row.line, "what": complaint})
        seen.setdefault(row.serial_number.upper(), row.line)
    if not rows:
        complaints.append(_("There are no computers in the file."))
    if len(rows) > MOST_COMPUTERS:
        complaints.append(_("A file may have %(most)d computers at most.") % {"most": MOST_COMPUTERS})
    if complaints:
        raise ValidationError(complaints[:MOST_COMPLAINTS])
    return rows


@transaction.atomic
def start_import(
    rows: list[FileRow], by: User, *, file_name: str, school: School | None = None, group_tag: str = ""
) -> AutopilotImport:
    """Let workers register the computers, 200 at a time. The file's own group tag goes before `group_tag`, and that
    before the school's."""
    tag = group_tag.strip() or (school.group_tag if school else "")
    batch = AutopilotImport.objects.create(file_name=file_name[:200], school=school, group_tag=tag, requested_by=by)
    for start in range(0, len(rows), MOST_ROWS):
        operation = Operation.objects.create(
            kind=Operation.Kind.IMPORT, batch=batch, requested_by=by, desired={}, lane=f"import:{batch.pk}"
        )
        ImportRow.objects.bulk_create(
            ImportRow(
                batch=batch,
                operation=operation,
                place=start + index,
                serial_number=row.serial_number,
                product_key=row.product_key,
                hardware_hash=row.hardware_hash,
                group_tag=row.group_tag or tag,
                user_principal_name=row.user_principal_name,
            )
            for index, row in enumerate(rows[start : start + MOST_ROWS], 1)
        )
    audit.record("import.requested", batch, by=by, school=school, after={"computers": len(rows), "group_tag": tag})
    return batch


def _text(content: bytes) -> str:
    """Windows writes the file in ANSI or in Unicode, depending on how it was told to."""
    encodings = ["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError(_("The file is not a text file."))


def _rows(text: str) -> list[FileRow]:
    reader = csv.reader(io.StringIO(text))
    heading = [name.strip().lower() for name in next(reader, [])]
    if SERIAL not in heading or HASH not in heading:
        raise ValidationError(
            _("The first line must name the columns: Device Serial Number, Windows Product ID, Hardware Hash.")
        )
    found = []
    for cells in reader:
        said = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
        if any(said.values()):
            row = FileRow(
                reader.line_num,
                said.get(SERIAL, ""),
                said.get(PRODUCT, ""),
                said.get(HASH, ""),
                said.get(TAG, ""),
                said.get(USER, ""),
            )
            found.append(row)
    return found


def _complaint(row: FileRow, seen: dict[str, int]) -> str:
    if not row.serial_number:
        return _("The serial number is missing.")
    if row.serial_number.upper() in seen:
        return _("The serial number is on line %(line)d already.") % {"line": seen[row.serial_number.upper()]}
    if len(row.serial_number) > 100 or len(row.product_key) > 100 or len(row.group_tag) > 100:
        return _("A value is too long.")
    try:
        is_hash = len(base64.b64decode(row.hardware_hash, validate=True)) > 0
    except (binascii.Error, ValueError):
        is_hash = False
    return "" if is_hash else _("The hardware hash is missing or damaged.")
