"""One try at a group that the portal keeps: find or create it, compare its members and name with what they shall be,
put them right, read back. Whatever an earlier try did is found by reading, so nothing is created or added twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.db import transaction

from deployments.models import RingGroup
from fleet.models import Device
from intune_sync.graph import BatchRequest, GraphClient, NotFound
from intune_sync.graph.batch import MOST
from intune_sync.models import IntuneGroup, KeptGroup, Operation
from intune_sync.payloads.members import (
    GROUPS_PATH,
    MEMBERS_PARAMS,
    MOST_BINDS,
    MOST_LETTERS,
    NAME_PARAMS,
    add_body,
    by_nickname,
    group_body,
    group_path,
    members_path,
    name_body,
    object_id,
    object_request,
    oldest_static,
    remove_request,
)
from intune_sync.payloads.values import text
from intune_sync.push import kept_groups, ledger, stages
from intune_sync.push.kept_groups import Owner
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send, send_many
from schools import audit

SETTLES_WITHIN = timedelta(minutes=10)
"""How long a new group may be unknown to some of Entra's servers."""
LISTED_WITHIN = timedelta(minutes=1)
"""How long a new group may be missing from the list that is searched before one is created."""
LOOK_AGAIN_SECONDS = 3.0
FILLS_FOR = timedelta(seconds=20)
"""A turn at a large group ends, and its operation waits for the next one, well before the task would be interrupted."""
LOOKED_UP_AT_ONCE = 200

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


class _MoreToDo(Exception):
    """The turn is over; whoever takes the next one finds what is done by reading."""


@dataclass(frozen=True)
class _Group:
    """`members` are directory objects."""

    name: str
    members: frozenset[UUID]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Bring the group to what the portal's tables say. Raises GraphError and LostLease."""
    try:
        _put_right(lease, client, at, until=at() + FILLS_FOR)
    except _MoreToDo:
        lease.look_again(Problem.FILLING, at(), 0)


def _put_right(lease: Lease, client: GraphClient, at: Clock, *, until: datetime) -> None:
    owner = _owner(lease)
    devices = list(kept_groups.members_of(owner))
    wanted = _Group(kept_groups.group_name(owner), _objects(client, devices, at, until))
    group_id = kept_groups.group_id(owner)
    if group_id is None:
        group_id = find(owner, client)
        if group_id is None and _may_still_be_shown(lease.operation, at()):
            return lease.look_again(Problem.NOT_SEEN, at(), LOOK_AGAIN_SECONDS)
        group_id = group_id or _create(lease, owner, client, at)
        _keep(lease, owner, group_id, at())
    try:
        present = _read(client, group_id)
        reach("after_read")
        if present != wanted:
            _Writing(lease, client, group_id, at, until).put_right(present, wanted)
            present = _read(client, group_id)
            reach("after_reading_back")
    except NotFound:
        return _not_there(lease, owner, at())
    if present != wanted:
        return lease.try_again(Problem.NO_EFFECT, at())
    return _record(lease, group_id, wanted, devices, at())


def _owner(lease: Lease) -> Owner:
    return cast(Owner, lease.operation.profile or lease.operation.ring_group)


def find(owner: Owner, client: GraphClient) -> UUID | None:
    """Searched before it is created: an earlier try may have created it and never heard so."""
    found = client.pages(GROUPS_PATH, by_nickname(kept_groups.nickname(owner)))
    return oldest_static(raw for page in found for raw in page)


def _may_still_be_shown(operation: Operation, now: datetime) -> bool:
    """Perhaps an earlier try has created it: Entra lists new groups late."""
    return operation.in_doubt and operation.sent_at is not None and now - operation.sent_at < LISTED_WITHIN


def _create(lease: Lease, owner: Owner, client: GraphClient, at: Clock) -> UUID:
    body = group_body(kept_groups.nickname(owner), kept_groups.group_name(owner))
    answer = send(lease, body, partial(client.post, GROUPS_PATH, body), at, in_doubt=True)
    return UUID(answer.body["id"])


def _keep(lease: Lease, owner: Owner, group_id: UUID, now: datetime) -> None:
    name = kept_groups.group_name(owner)
    with transaction.atomic():
        lease.keep(in_doubt=False)
        kept_groups.set_group_id(owner, group_id)
        KeptGroup.objects.update_or_create(**kept_groups.column_of(owner), defaults={"created_at": now})
        IntuneGroup.objects.get_or_create(graph_id=group_id, defaults={"display_name": name})
        audit.record("group.created", owner, by=None, after={"group": name, "entra_group_id": str(group_id)})


def _objects(client: GraphClient, devices: Iterable[Device], at: Clock, until: datetime) -> frozenset[UUID]:
    """The directory objects of the computers; looked up once, for those that Entra knows. Raises _MoreToDo."""
    unknown = {each.entra_device_id: each for each in devices if each.entra_device_id and not each.entra_object_id}
    keys = list(unknown)
    for start in range(0, len(keys), LOOKED_UP_AT_ONCE):
        if start and at() >= until:
            raise _MoreToDo
        requests = [object_request(each) for each in keys[start : start + LOOKED_UP_AT_ONCE]]
        for key, answer in client.batch(requests).items():
            if answer.error:
                raise answer.error
            device = unknown[UUID(key)]
            device.entra_object_id = object_id(answer.body)
            same = Device.objects.filter(pk=device.pk, entra_device_id=device.entra_device_id)
            same.update(entra_object_id=device.entra_object_id)
    return frozenset(each.entra_object_id for each in devices if each.entra_object_id)


def _read(client: GraphClient, group_id: UUID) -> _Group:
    name = text(client.get(group_path(group_id), NAME_PARAMS).get("displayName"), MOST_LETTERS)
    pages = client.pages(members_path(group_id), MEMBERS_PARAMS)
    return _Group(name, frozenset(UUID(raw["id"]) for page in pages for raw in page))


@dataclass(frozen=True)
class _Writing:
    """Writes to one group, at least one call in a turn. Raises _MoreToDo."""

    lease: Lease
    client: GraphClient
    group_id: UUID
    at: Clock
    until: datetime

    def put_right(self, present: _Group, wanted: _Group) -> None:
        self.add(sorted(wanted.members - present.members))
        self.remove(sorted(present.members - wanted.members))
        if present.name != wanted.name:
            self._change(name_body(wanted.name))

    def add(self, objects: list[UUID]) -> None:
        for start in range(0, len(objects), MOST_BINDS):
            self._check_time(start)
            self._change(add_body(self.client.url, objects[start : start + MOST_BINDS]))

    def remove(self, objects: list[UUID]) -> None:
        for start in range(0, len(objects), MOST):
            self._check_time(start)
            self._remove([remove_request(self.group_id, each) for each in objects[start : start + MOST]])

    def _check_time(self, done: int) -> None:
        if done and self.at() >= self.until:
            raise _MoreToDo

    def _change(self, body: dict[str, Any]) -> None:
        path = group_path(self.group_id)
        send(self.lease, body, partial(self.client.patch, path, body), self.at)

    def _remove(self, requests: list[BatchRequest]) -> None:
        """Who is not a member any more is gone as wished."""
        urls = [request.url for request in requests]
        for answer in send_many(self.lease, urls, partial(self.client.batch, requests), self.at).values():
            if answer.error and not isinstance(answer.error, NotFound):
                raise answer.error


def _not_there(lease: Lease, owner: Owner, now: datetime) -> None:
    """Too new to be known everywhere, or taken away by somebody; then it is created again for a change that needs it.

    What was assigned to the former group reaches nobody until the next change names the new one.
    """
    kept = KeptGroup.objects.filter(**kept_groups.column_of(owner)).first()
    if kept and now - kept.created_at < SETTLES_WITHIN:
        lease.wait(Problem.NOT_SEEN, now, seconds=LOOK_AGAIN_SECONDS)
        return
    with transaction.atomic():
        kept_groups.set_group_id(owner, None)
        KeptGroup.objects.filter(**kept_groups.column_of(owner)).delete()
        if lease.operation.change_set_id:
            lease.try_again(Problem.GROUP_GONE, now)
        else:
            lease.fail(Problem.GROUP_GONE, now)


def _record(lease: Lease, group_id: UUID, wanted: _Group, devices: list[Device], now: datetime) -> None:
    """Verified: remembered is who was meant, so that the sweep sees when that changes."""
    owner, of = _owner(lease), kept_groups.column_of(_owner(lease))
    members = [each for each in devices if each.entra_object_id in wanted.members]
    with transaction.atomic():
        change_set_id = ledger.lock_change_set(lease.operation)
        before = KeptGroup.objects.filter(**of).values_list("member_count", flat=True).first()
        lease.move(Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0)
        seen = {
            "members_digest": kept_groups.members_digest(each.entra_device_id for each in members),
            "member_count": len(members),
            "verified_at": now,
        }
        KeptGroup.objects.update_or_create(**of, defaults=seen, create_defaults={**seen, "created_at": now})
        IntuneGroup.objects.filter(graph_id=group_id).update(member_count=len(members))
        after = {"members": len(members), "entra_group_id": str(group_id), "request_id": lease.operation.request_id}
        _note_name(owner, group_id, wanted.name)
        audit.record("group.filled", owner, by=None, before={"members": before or 0}, after=after)
        if isinstance(owner, RingGroup):
            owner.members.filter(device__in=devices, confirmed_at=None).update(confirmed_at=now)
            stages.tell_late(owner, now)
        ledger.finish_if_done(change_set_id, now)


def _note_name(owner: Owner, group_id: UUID, name: str) -> None:
    """In the mirror, and in the audit trail when the mirror had another."""
    known = IntuneGroup.objects.select_for_update().filter(graph_id=group_id).first()
    if known and known.display_name != name:
        audit.record("group.renamed", owner, by=None, before={"group": known.display_name}, after={"group": name})
        known.display_name = name
        known.save(update_fields=["display_name"])
