"""Entra's device objects: the ids by which groups name computers. Nothing else of them is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from intune_sync.payloads.values import parse_id
from intune_sync.pull.delta import changes_or_all, changes_since, is_removed, start_link
from intune_sync.pull.guard import check_computers
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.positions import delta_link, move_link
from intune_sync.pull.staging import staging

PATH = "devices"
FIELDS = {"$select": "id,deviceId"}
COLUMNS = {"object_id": "uuid", "entra_device_id": "uuid"}

_LEARN = """
UPDATE fleet_device d SET entra_object_id = p.object_id, entra_absent_runs = 0
FROM (SELECT DISTINCT ON (entra_device_id) entra_device_id, object_id FROM pulled_objects
      WHERE entra_device_id IS NOT NULL ORDER BY entra_device_id, place DESC) p
WHERE d.entra_device_id = p.entra_device_id
  AND (d.entra_object_id, d.entra_absent_runs) IS DISTINCT FROM (p.object_id, 0)
"""
_KNOWN = "SELECT count(*) FROM fleet_device WHERE entra_object_id IS NOT NULL"
_IS_ABSENT = """
d.entra_object_id IS NOT NULL AND NOT EXISTS (SELECT FROM pulled_objects p WHERE p.object_id = d.entra_object_id)
"""
_ABSENT = f"SELECT count(*) FROM fleet_device d WHERE {_IS_ABSENT}"  # noqa: S608 - no value in it
_FORGET = f"""
UPDATE fleet_device d SET entra_object_id = NULL, entra_absent_runs = 0
WHERE d.entra_absent_runs >= 1 AND {_IS_ABSENT}
"""  # noqa: S608 - no value in it
_DOUBT = f"UPDATE fleet_device d SET entra_absent_runs = 1 WHERE {_IS_ABSENT}"  # noqa: S608 - no value in it
_FORGET_THESE = """
UPDATE fleet_device SET entra_object_id = NULL, entra_absent_runs = 0 WHERE entra_object_id = ANY(%(gone)s)
"""


def pull_entra_devices(pull: Pull) -> Outcome:
    return changes_or_all(pull, _pull_changes, _pull_whole)


def _pull_whole(pull: Pull, counts: dict[str, int]) -> Outcome:
    link, seen = start_link(pull.graph, PATH, FIELDS), 0
    with staging("pulled_objects", COLUMNS) as table:
        for page in pull.graph.pages(PATH, {**FIELDS, "$top": "999"}):
            table.add(_rows(page))
            seen += len(page)
            pull.seen(seen)
        table.analyse()
        with transaction.atomic():
            pull.confirm()
            counts = {"seen": seen, **counts, "updated": 0, "absent": 0, "forgotten": 0}
            with connection.cursor() as cursor:
                counts["absent"] = _number(cursor, _ABSENT)
                if not pull.is_released:
                    check_computers(counts["absent"], _number(cursor, _KNOWN))
                cursor.execute(_FORGET)
                counts["forgotten"] = cursor.rowcount
                cursor.execute(_DOUBT)
                cursor.execute(_LEARN)
                counts["updated"] = cursor.rowcount
            move_link(pull, link)
    return Outcome(counts)


def _pull_changes(pull: Pull) -> Outcome:
    present, gone, link = dict[UUID, dict[str, Any]](), set[UUID](), ""
    for page in changes_since(pull.graph, delta_link(pull.run.resource)):
        for item in page.items:
            object_id = UUID(item["id"])
            if is_removed(item):
                gone.add(object_id)
                present.pop(object_id, None)
            else:
                gone.discard(object_id)
                present[object_id] = {**present.get(object_id, {}), **item}
        link = page.link
        pull.seen(len(present) + len(gone))
    with staging("pulled_objects", COLUMNS) as table:
        table.add(_rows(present.values()))
        table.analyse()
        with transaction.atomic(), connection.cursor() as cursor:
            pull.confirm()
            cursor.execute(_FORGET_THESE, {"gone": list(gone)})
            forgotten = cursor.rowcount
            cursor.execute(_LEARN)
            counts = {"seen": len(present) + len(gone), "updated": cursor.rowcount, "forgotten": forgotten}
            move_link(pull, link)
    return Outcome(counts)


def _rows(items: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        yield item["id"], parse_id(item.get("deviceId"))


def _number(cursor: Any, sql: str) -> int:
    cursor.execute(sql)
    return int(cursor.fetchone()[0])
