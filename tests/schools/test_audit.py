"""The audit trail: append-only, chained, in the act's own transaction."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from schools import audit
from schools.models import AuditEvent
from tests import factories


def record(number: int = 1) -> AuditEvent:
    person = factories.user()
    with transaction.atomic():
        return audit.record("person.created", person, by=person, after={"number": number})


def tamper(statement: str, *values: object) -> None:
    """What somebody with the database's password could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE schools_auditevent DISABLE TRIGGER audit_no_change")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE schools_auditevent ENABLE TRIGGER audit_no_change")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["UPDATE schools_auditevent SET reason = 'x'", "DELETE FROM schools_auditevent", "TRUNCATE schools_auditevent"],
)
def test_database_refuses_to_change_the_trail(statement: str) -> None:
    record()

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE schools_auditevent ENABLE TRIGGER audit_no_truncate")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db
def test_untouched_chain_holds_and_names_its_last_hash() -> None:
    events = [record(number) for number in range(3)]

    verdict = audit.verify()

    assert (verdict.holds, verdict.count, verdict.last_hash) == (True, 3, events[-1].hash)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["reason", "act", "origin", "object_label", "object_id", "object_type"])
def test_changed_column_is_found(column: str) -> None:
    events = [record(number) for number in range(3)]

    tamper(f"UPDATE schools_auditevent SET {column} = 'other' WHERE id = %s", events[1].pk)

    assert audit.verify().broken == events[1]


@pytest.mark.django_db
def test_changed_time_actor_and_values_are_found() -> None:
    first, second, third = (record(number) for number in range(3))

    tamper("UPDATE schools_auditevent SET after = '{\"number\": 7}' WHERE id = %s", third.pk)
    assert audit.verify().broken == third

    tamper("UPDATE schools_auditevent SET actor_id = NULL WHERE id = %s", second.pk)
    assert audit.verify().broken == second

    tamper("UPDATE schools_auditevent SET at = at + interval '1 second' WHERE id = %s", first.pk)
    assert audit.verify().broken == first


@pytest.mark.django_db
def test_event_removed_from_the_middle_is_found_at_the_next() -> None:
    events = [record(number) for number in range(3)]

    tamper("DELETE FROM schools_auditevent WHERE id = %s", events[1].pk)

    assert audit.verify().broken == events[2]


@pytest.mark.django_db
def test_values_are_hashed_as_they_are_read_back() -> None:
    with transaction.atomic():
        audit.record("person.created", factories.user(), by=None, after={1: (1.5, "å"), "10": [{"b": None, "a": True}]})

    assert audit.verify().holds


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("person.created", factories.user(), by=None)


@pytest.mark.django_db(transaction=True)
def test_act_that_is_rolled_back_leaves_no_event() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("person.created", factories.user(), by=None)
        raise RuntimeError

    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_keep_one_chain() -> None:
    person, together = factories.user(), Barrier(4)

    def write(worker: int) -> None:
        try:
            together.wait(timeout=10)
            for number in range(10):
                with transaction.atomic():
                    audit.record("person.created", person, by=person, after={"worker": worker, "number": number})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert (audit.verify().holds, audit.verify().count) == (True, 40)


@pytest.mark.django_db
def test_origin_is_the_innermost_one_named() -> None:
    with audit.acting_from("web 10.0.0.1"):
        assert record().origin == "web 10.0.0.1"

    assert record().origin == "worker"


@pytest.mark.django_db
def test_command_says_that_the_chain_holds(capsys: pytest.CaptureFixture[str]) -> None:
    event = record()

    call_command("verify_audit", "--json")

    said = json.loads(capsys.readouterr().out)
    assert said == {"ok": True, "count": 1, "last_hash": event.hash, "first_broken_event": None}


@pytest.mark.django_db
def test_command_fails_with_the_first_broken_event(capsys: pytest.CaptureFixture[str]) -> None:
    event = record()
    tamper("UPDATE schools_auditevent SET reason = 'x'")

    with pytest.raises(CommandError, match=str(event.pk)):
        call_command("verify_audit")
    with pytest.raises(SystemExit) as stop:
        call_command("verify_audit", "--json")

    assert stop.value.code == 1
    assert json.loads(capsys.readouterr().out)["first_broken_event"] == event.pk
