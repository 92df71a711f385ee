"""Members of the groups that the portal aims at: read whole, or brought up to what Entra says has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection, models

from deployments.models import RingGroup, SoftwareProfile
from intune_sync.graph import BatchRequest, NotFound
from intune_sync.models import GroupMember, IntuneGroup
from intune_sync.payloads.groups import member_objects
from intune_sync.pull.guard import check_objects
from intune_sync.pull.outcome import Pull
from intune_sync.pull.staging import Staging
from schools.models import ClassGroup, Municipality, School, SchoolForm

COLUMNS = {"group_id": "uuid", "object_id": "uuid"}
MEMBERS = "/groups/{}/members?$select=id&$top=999"

_IS_GONE = """
m.group_id = g.id AND g.graph_id = ANY(%(read)s) AND NOT EXISTS (
  SELECT FROM pulled_members p WHERE p.group_id = g.graph_id AND p.object_id = m.object_id)
"""
_GONE = f"SELECT count(*) FROM intune_sync_groupmember m, intune_sync_intunegroup g WHERE {_IS_GONE}"  # noqa: S608
_KNOWN = """
SELECT count(*) FROM intune_sync_groupmember m JOIN intune_sync_intunegroup g ON g.id = m.group_id
WHERE g.graph_id = ANY(%(read)s)
"""
# At the second complete list without it. That Entra says so in its changes is another matter: see `change_members`.
_TAKE_OUT = f"""
DELETE FROM intune_sync_groupmember m USING intune_sync_intunegroup g WHERE m.absent_runs >= 1 AND {_IS_GONE}
"""  # noqa: S608 - no value in it
_DOUBT = f"""
UPDATE intune_sync_groupmember m SET absent_runs = 1 FROM intune_sync_intunegroup g WHERE {_IS_GONE}
"""  # noqa: S608 - no value in it
_TRUST = """
UPDATE intune_sync_groupmember m SET absent_runs = 0 FROM pulled_members p, intune_sync_intunegroup g
WHERE p.group_id = g.graph_id AND m.group_id = g.id AND p.object_id = m.object_id AND m.absent_runs > 0
"""
_PUT_IN = """
INSERT INTO intune_sync_groupmember (group_id, object_id)
SELECT DISTINCT g.id, p.object_id FROM pulled_members p
JOIN intune_sync_intunegroup g ON g.graph_id = p.group_id
LEFT JOIN intune_sync_groupmember m ON m.group_id = g.id AND m.object_id = p.object_id
WHERE m.id IS NULL
"""
_COUNT = """
UPDATE intune_sync_intunegroup g SET member_count = counted.members
FROM (SELECT g.id, count(m.id) AS members FROM intune_sync_intunegroup g
      LEFT JOIN intune_sync_groupmember m ON m.group_id = g.id
      WHERE g.members_read_at IS NOT NULL AND g.graph_id = ANY(%(read)s) GROUP BY g.id) counted
WHERE counted.id = g.id AND g.member_count IS DISTINCT FROM counted.members
"""


def groups_of_ours() -> set[UUID]:
    """Ids of the groups that stand for a container, and of those of roll-outs' rings."""
    owners: list[type[models.Model]] = [Municipality, SchoolForm, School, ClassGroup, SoftwareProfile]
    with_group = [owner._default_manager.exclude(entra_group_id=None) for owner in owners]
    with_group.append(RingGroup.objects.exclude(entra_group_id=None).filter(deleted_at=None))
    return {UUID(str(group_id)) for rows in with_group for group_id in rows.values_list("entra_group_id", flat=True)}


def read_members(pull: Pull, group_ids: Iterable[UUID], table: Staging) -> list[UUID]:
    """Stage all members of these groups, twenty groups in a call; returns the groups that Entra has."""
    answers = pull.graph.batch([BatchRequest(str(each), "GET", MEMBERS.format(each)) for each in sorted(group_ids)])
    read = []
    for key, answer in answers.items():
        if isinstance(answer.error, NotFound):
            continue
        if answer.error:
            raise answer.error
        group_id = UUID(key)
        table.add((group_id, member) for member in member_objects(answer.body["value"]))
        for page in _further_pages(pull, answer.body):
            table.add((group_id, member) for member in member_objects(page))
        read.append(group_id)
    return read


def save_members(pull: Pull, read: list[UUID]) -> int:
    """Bring the members of these groups up to those that are staged; returns how many joined or left.

    Raises UnsafeAnswer before anything is written.
    """
    values = {"read": read}
    with connection.cursor() as cursor:
        if not pull.is_released:
            check_objects(_number(cursor, _GONE, values), _number(cursor, _KNOWN, values))
        cursor.execute(_TAKE_OUT, values)
        changed = int(cursor.rowcount)
        cursor.execute(_DOUBT, values)
        cursor.execute(_TRUST)
        cursor.execute(_PUT_IN)
        changed += int(cursor.rowcount)
    IntuneGroup.objects.filter(graph_id__in=read, members_read_at=None).update(members_read_at=pull.now)
    _count_members(read)
    return changed


def change_members(changes: Mapping[UUID, Mapping[UUID, bool]]) -> int:
    """Put in (True) and take out (False) what is said of groups whose members are known; returns how many changed."""
    known = dict(
        IntuneGroup.objects.filter(graph_id__in=changes).exclude(members_read_at=None).values_list("graph_id", "pk")
    )
    changed = 0
    for group_id, pk in known.items():
        said = changes[group_id]
        members = GroupMember.objects.filter(group_id=pk, object_id__in=list(said))
        inside = set(members.values_list("object_id", flat=True))
        new = [each for each, is_in in said.items() if is_in and each not in inside]
        out = [each for each, is_in in said.items() if not is_in and each in inside]
        GroupMember.objects.bulk_create(
            [GroupMember(group_id=pk, object_id=each) for each in new], batch_size=1000, ignore_conflicts=True
        )
        members.filter(object_id__in=out).delete()
        members.exclude(absent_runs=0).update(absent_runs=0)
        changed += len(new) + len(out)
    _count_members(list(known))
    return changed


def _further_pages(pull: Pull, body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """After the first page, which came in a batch."""
    root, link = f"{pull.graph.url}/v1.0/", str(body.get("@odata.nextLink") or "")
    if link:
        yield from pull.graph.pages(link.removeprefix(root))


def _count_members(group_ids: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"read": group_ids})


def _number(cursor: Any, sql: str, values: dict[str, Any]) -> int:
    cursor.execute(sql, values)
    return int(cursor.fetchone()[0])
