"""One try at an app that is to be created in Intune: find it by its mark or create it, wait until it is published, and
take it into the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.db import transaction

from intune_sync.graph import GraphClient, NotFound
from intune_sync.models import IntuneApp, Operation
from intune_sync.payloads.apps import APPS_PATH, APPS_VERSION, app_columns, app_row
from intune_sync.payloads.new_apps import marked, new_app_body, with_name
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send
from intune_sync.services.adopt import adopt_app
from schools import audit
from schools.models import User

PUBLISHED = "published"
LOOK_AGAIN_SECONDS = 10.0
PUBLISHED_WITHIN = timedelta(hours=2)
LISTED_WITHIN = timedelta(minutes=5)
"""How long a new app whose answer was lost may be missing from the list that is searched before one is created."""

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Raises GraphError and LostLease."""
    operation = lease.operation
    raw = _find(client, operation)
    reach("after_read")
    if raw is not None and operation.in_doubt:
        lease.keep(in_doubt=False)
    if raw is None and _may_still_be_shown(operation, at()):
        return lease.look_again(Problem.NO_EFFECT, at(), LOOK_AGAIN_SECONDS)
    if raw is None:
        created = _create(lease, client, at)
        raw = _find(client, operation) or created
        reach("after_reading_back")
    if str(raw.get("publishingState")) == PUBLISHED:
        return _record(lease, raw, at())
    if at() - operation.created_at > PUBLISHED_WITHIN:
        return lease.fail(Problem.NOT_PUBLISHED, at())
    lease.wait(Problem.NOT_PUBLISHED, at(), seconds=LOOK_AGAIN_SECONDS)
    return None


def _find(client: GraphClient, operation: Operation) -> dict[str, Any] | None:
    """By the id that Intune answered, as its lists show new apps late; or, when that answer was lost, by the mark."""
    if known := (operation.before or {}).get("id"):
        with suppress(NotFound):
            return cast(dict[str, Any], client.get(f"{APPS_PATH}/{known}", version=APPS_VERSION))
    pages = client.pages(APPS_PATH, with_name(operation.desired["name"]), APPS_VERSION)
    return marked((raw for page in pages for raw in page), operation.desired["marker"])


def _may_still_be_shown(operation: Operation, now: datetime) -> bool:
    """An earlier try has created it, or perhaps has: a list may lag behind."""
    return operation.in_doubt and operation.sent_at is not None and now - operation.sent_at < LISTED_WITHIN


def _create(lease: Lease, client: GraphClient, at: Clock) -> dict[str, Any]:
    """The new app as Intune answers; its id is kept."""
    body = new_app_body(lease.operation.desired)
    answer = send(lease, body, partial(client.post, APPS_PATH, body, APPS_VERSION), at, in_doubt=True)
    created = cast(dict[str, Any], answer.body)
    lease.keep(before={"id": str(UUID(str(created["id"])))})
    return created


def _record(lease: Lease, raw: dict[str, Any], now: datetime) -> None:
    """In the mirror and the catalogue in the same moment as the operation is verified."""
    operation, row = lease.operation, app_row(raw)
    by = cast(User, operation.requested_by)
    with transaction.atomic():
        lease.move(
            Status.VERIFIED,
            now,
            finished_at=now,
            problem="",
            error="",
            waits=0,
            in_doubt=False,
            intune_app_id=row.graph_id,
        )
        app, _created = IntuneApp.objects.update_or_create(graph_id=row.graph_id, defaults=app_columns(row))
        version = adopt_app(app, by, name=operation.desired.get("application", ""))
        after = {"intune_app_id": str(UUID(str(row.graph_id))), "request_id": operation.request_id}
        audit.record("app.created", version, by=by, after={**after, "version": version.version})
