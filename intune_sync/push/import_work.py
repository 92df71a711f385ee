"""One try at a part of an import, 200 rows at most: send it once, follow it, ask Intune to process it, wait until the
computers are in Autopilot, and take the records of the import away again.

Where it stands is in the rows; what an earlier try sent is found in Intune's records, so nothing is sent twice.
https://learn.microsoft.com/graph/api/resources/intune-enrollment-importedwindowsautopilotdeviceidentity
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.db import transaction

from fleet.models import Device
from intune_sync.graph import BadRequest, Conflict, GraphClient, NotFound, Throttled
from intune_sync.models import AutopilotImport, ImportRow, Operation
from intune_sync.payloads import imports
from intune_sync.payloads.identities import IDENTITIES_PATH, user_path, with_serial
from intune_sync.payloads.imports import Imported
from intune_sync.payloads.values import parse_id
from intune_sync.push import epochs
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send, send_many
from intune_sync.services.identities import put_identity_operation
from schools import audit

GIVE_UP_AFTER = timedelta(minutes=60)
SHOWN_WITHIN = timedelta(minutes=2)
"""How long the records of an import that was sent may be missing from Intune's list."""
LOOK_AGAIN_SECONDS = 20.0
SYNC_EVERY = timedelta(minutes=10)
"""Intune refuses to be asked more often."""

Status, Problem = Operation.Status, Operation.Problem
Row, Fault = ImportRow.Status, ImportRow.Fault
Clock = Callable[[], datetime]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Raises GraphError, LostLease, Stopped."""
    rows = list(lease.operation.import_rows.order_by("place"))
    records = _records(client)
    reach("after_read")
    if not lease.operation.in_doubt and epochs.may_be_forgotten(lease.operation):
        _recognise(lease, rows, records, client, at())
    if any(row.status == Row.WAITING for row in rows) and not _attach(lease, rows, records, at()):
        if lease.operation.in_doubt and at() - _sent_at(lease.operation) < SHOWN_WITHIN:
            return lease.look_again(Problem.IMPORTING, at(), LOOK_AGAIN_SECONDS)
        _check_users(rows, client)
        if not _post(lease, rows, records, client, at):
            return _end(lease, rows, records, client, at)
        records = _records(client)
        reach("after_reading_back")
        _attach(lease, rows, records, at())
    _follow(rows, records)
    _see(rows, client)
    return _go_on(lease, rows, records, client, at)


def _records(client: GraphClient) -> list[Imported]:
    pages = client.pages(imports.IMPORTED_PATH)
    return [record for page in pages for raw in page if (record := imports.imported(raw))]


def _recognise(
    lease: Lease, rows: list[ImportRow], records: Iterable[Imported], client: GraphClient, now: datetime
) -> None:
    """What a backup remembers as not sent, and was sent since: Intune has records of it, or the computers by now."""
    serials = {row.serial_number.upper() for row in rows}
    if any(record.serial_number in serials for record in records):
        return lease.keep(in_doubt=True, before={"records": [], "sent_at": now.isoformat()})
    for row in rows:
        if row.status == Row.WAITING and _identity_of(row, client):
            _is_registered(row)
    return None


def _attach(lease: Lease, rows: list[ImportRow], records: Iterable[Imported], now: datetime) -> bool:
    """Tie each row to its record; only records that were not there before we sent anything. Whether any is tied."""
    if not lease.operation.in_doubt:
        return False
    before = {parse_id(text) for text in (lease.operation.before or {}).get("records", [])}
    taken = {row.record_id for row in rows}
    free: dict[str, list[Imported]] = {}
    for record in records:
        if record.record_id not in before | taken:
            free.setdefault(record.serial_number, []).append(record)
    waiting = [row for row in rows if row.status == Row.WAITING]
    for row in waiting:
        if found := free.get(row.serial_number.upper()):
            row.record_id, row.status = found.pop(0).record_id, Row.PENDING
            row.save(update_fields=["record_id", "status"])
    return any(row.record_id for row in rows)


def _post(lease: Lease, rows: list[ImportRow], records: Iterable[Imported], client: GraphClient, at: Clock) -> bool:
    """Send the rows that wait. Which records there were is kept first: what is new afterwards is ours."""
    waiting = [row for row in rows if row.status == Row.WAITING]
    if not waiting:
        return False
    body = imports.import_body(
        imports.row_body(row.serial_number, row.product_key, row.hardware_hash, row.group_tag, row.user_principal_name)
        for row in waiting
    )
    before = {"records": [str(record.record_id) for record in records], "sent_at": at().isoformat()}
    call = partial(client.post, imports.IMPORT_PATH, body)
    answer = send(lease, body, call, at, in_doubt=True, before=before)
    answered = answer.body.get("value", []) if isinstance(answer.body, dict) else []
    _attach(lease, rows, [record for raw in answered if (record := imports.imported(raw))], at())
    return True


def _check_users(rows: list[ImportRow], client: GraphClient) -> None:
    """Intune looks at a user's domain alone, and a computer with an unknown user does not get through its start."""
    known: dict[str, bool] = {}
    for row in rows:
        user = row.user_principal_name
        if row.status != Row.WAITING or not user:
            continue
        if user not in known:
            try:
                known[user] = bool(client.get(user_path(user), {"$select": "id"}))
            except NotFound:
                known[user] = False
        if not known[user]:
            _refuse(row, Fault.NO_USER)


def _follow(rows: list[ImportRow], records: Iterable[Imported]) -> None:
    """What Intune says of each row by now."""
    by_id = {record.record_id: record for record in records}
    for row in rows:
        record = by_id.get(row.record_id) if row.record_id else None
        if row.status == Row.PENDING and record and record.state in imports.FINAL:
            _judge(row, record)


def _judge(row: ImportRow, record: Imported) -> None:
    if record.state == "complete" and not record.code:
        row.status, row.registration_id = Row.REGISTERED, record.registration_id
        row.save(update_fields=["status", "registration_id"])
    elif _fault(record) == Fault.ALREADY:
        _is_registered(row, record.error)
    else:
        _refuse(row, _fault(record), record.error)


def _is_registered(row: ImportRow, error: str = "") -> None:
    """It was so before."""
    row.status, row.fault, row.error, row.registration_id = Row.REGISTERED, Fault.ALREADY, error, None
    row.save(update_fields=["status", "fault", "error", "registration_id"])


def _fault(record: Imported) -> str:
    if "duplicat" in record.error.lower():
        return Fault.TWICE
    return str(record.code) if str(record.code) in Fault.values else Fault.OTHER


def _refuse(row: ImportRow, fault: str, error: str = "") -> None:
    row.status, row.fault, row.error, row.hardware_hash = Row.FAILED, fault, error[:200], ""
    row.save(update_fields=["status", "fault", "error", "hardware_hash"])


def _see(rows: list[ImportRow], client: GraphClient) -> None:
    """Whether the computers are in Autopilot by now. Those that were there before get their group tag and user by an
    operation of their own: an import changes nothing about them."""
    new = {str(row.registration_id): row for row in rows if row.status == Row.REGISTERED and row.registration_id}
    for key, answer in client.batch([imports.look_up(cast(UUID, row.registration_id)) for row in new.values()]).items():
        if answer.error is None:
            _done(new[key], Row.DONE)
        elif not isinstance(answer.error, NotFound):
            raise answer.error
    for row in rows:
        if row.status == Row.REGISTERED and not row.registration_id and (identity := _identity_of(row, client)):
            with transaction.atomic():
                put_identity_operation(row, identity)
                _done(row, Row.ALREADY)


def _identity_of(row: ImportRow, client: GraphClient) -> UUID | None:
    known = Device.objects.filter(serial_number__iexact=row.serial_number, autopilot_id__isnull=False).first()
    if known:
        return known.autopilot_id
    for page in client.pages(IDENTITIES_PATH, with_serial(row.serial_number)):
        for raw in page:
            if str(raw.get("serialNumber")).upper() == row.serial_number.upper():
                return parse_id(raw.get("id"))
    return None


def _done(row: ImportRow, status: str) -> None:
    row.status, row.hardware_hash = status, ""
    row.save(update_fields=["status", "hardware_hash"])


def _go_on(lease: Lease, rows: list[ImportRow], records: Iterable[Imported], client: GraphClient, at: Clock) -> None:
    """End when every row is settled, or after an hour; until then look again."""
    if all(row.status in ImportRow.SETTLED for row in rows):
        return _end(lease, rows, records, client, at)
    if at() - _sent_at(lease.operation) > GIVE_UP_AFTER:
        for row in rows:
            if row.status not in ImportRow.SETTLED:
                _refuse(row, Fault.NO_ANSWER)
        return _end(lease, rows, records, client, at)
    if all(row.status not in (Row.WAITING, Row.PENDING) for row in rows):
        _ask_to_sync(lease, client, at)
    return lease.look_again(Problem.IMPORTING, at(), LOOK_AGAIN_SECONDS)


def _sent_at(operation: Operation) -> datetime:
    """When the rows were sent; the calls that follow do not count."""
    said = (operation.before or {}).get("sent_at")
    return datetime.fromisoformat(said) if said else operation.created_at


def _ask_to_sync(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Intune processes imports by itself, now and then; asked, it does so at once. A refusal does no harm."""
    batch = cast(AutopilotImport, lease.operation.batch)
    if batch.asked_sync_at and at() - batch.asked_sync_at < SYNC_EVERY:
        return
    AutopilotImport.objects.filter(pk=batch.pk).update(asked_sync_at=at())
    call = partial(client.post, imports.SYNC_PATH, None, imports.SYNC_VERSION)
    try:
        send(lease, imports.SYNC_PATH, call, at)
    except (BadRequest, Conflict, Throttled):
        lease.move(Status.SENT, at())


def _end(lease: Lease, rows: list[ImportRow], records: Iterable[Imported], client: GraphClient, at: Clock) -> None:
    """Take the records away that are still there, and record what became of the rows. Another try has only those
    left whose deletion failed; with all of them each time, 200 rows would seldom get through in bad weather."""
    there = {record.record_id for record in records}
    left = [row.record_id for row in rows if row.record_id and row.record_id in there]
    if left:
        requests = [imports.delete_record(record_id) for record_id in left]
        answers = send_many(lease, [request.url for request in requests], partial(client.batch, requests), at)
        for answer in answers.values():
            if answer.error and not isinstance(answer.error, NotFound):
                raise answer.error
    counts = {status: sum(row.status == status for row in rows) for status in ImportRow.SETTLED}
    with transaction.atomic():
        operation, batch = lease.operation, cast(AutopilotImport, lease.operation.batch)
        late = any(row.fault == Fault.NO_ANSWER for row in rows)
        status, problem = (Status.FAILED, Problem.IMPORT_LATE) if late else (Status.VERIFIED, "")
        lease.move(status, at(), finished_at=at(), problem=problem, error="", waits=0, in_doubt=False)
        after: dict[str, Any] = {**counts, "request_id": operation.request_id}
        audit.record("import.finished", batch, by=batch.requested_by, school=batch.school, after=after)
