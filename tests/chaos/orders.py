"""What the fault programme orders of the workers, each with what may then be different at Microsoft's side."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from deployments.models import ChangeSet
from deployments.services import changes
from fleet.models import Device
from intune_sync import services
from intune_sync.models import Operation
from intune_sync.payloads.actions import CALLS
from intune_sync.payloads.imports import MOST_ROWS
from intune_sync.services import imports, orders
from tests import factories
from tests.chaos.checker import Approved, key
from tests.chaos.servers import Broker
from tests.pushing import GEOGEBRA, Tenant, Town

LONG_SECONDS = 150
"""Long enough for anything that happens at all, on a machine that is busy."""
APPS = (GEOGEBRA, "GIMP", "Inkscape")
AT_ONCE: dict[str, Any] = {
    "action_failure_rate": 0.0,
    "enrolment_failure_rate": 0.0,
    "other_tenant_rate": 0.0,
    "import_pending_seconds": 0.05,
    "import_seconds": 0.05,
    "import_visible_seconds": 0.05,
    "enrolment_after_seconds": 1_000_000.0,
}
"""Switches of a sandbox in which imports take no time, and nothing fails but what the programme lets fail."""
LOOKS_AGAIN = [Operation.Problem.IMPORTING, Operation.Problem.NO_EFFECT, Operation.Problem.SETTLING]
"""Problems of operations that wait for Intune to get further, and not because it asked to be left alone."""


def nothing(town: Town) -> Approved:
    """Everything stays as it was when the test began."""
    start = {app: list(raws) for app, raws in town.tenant.at_start.items()}
    return Approved({}, start, from_start=start)


def assignments(town: Town, *names: str) -> Approved:
    """A change in force since now: the upper secondary schools get the apps."""
    approved = nothing(town)
    put_in_force(town, town.plan(town.propose(*(names or APPS))))
    approved.assignments = ours(town, *(names or APPS))
    return approved


def put_in_force(town: Town, planned: ChangeSet) -> ChangeSet:
    """By the real clock, which is the workers' clock."""
    agreed = changes.approve(planned, planned.plan_hash, town.approver, timezone.now())
    return services.apply_change_set(agreed, town.requester, timezone.now())


def ours(town: Town, *names: str) -> dict[str, set[str]]:
    mine = f"groupAssignmentTarget:{town.gymnasium.entra_group_id}:required:"
    found = {}
    for name in names:
        app = town.tenant.app_id(name)
        found[app] = {mine} - set(map(key, town.tenant.at_start[app]))
    return found


def registration(town: Town, rows: int = 3) -> Approved:
    """Computers that Microsoft has never heard of are to be registered in Autopilot."""
    serials = [f"CHAOS-{uuid4().hex[:10].upper()}" for _ in range(min(rows, MOST_ROWS))]
    imports.start_import(imports.read_file(windows_file(serials)), town.requester, file_name="a.csv", group_tag="GY-NY")
    approved = nothing(town)
    approved.imports = Counter(serials)
    return approved


def windows_file(serials: Sequence[str]) -> bytes:
    lines = [f"{serial},,{base64.b64encode(f'hash of {serial}'.encode() * 20).decode()}" for serial in serials]
    return "\r\n".join(["Device Serial Number,Windows Product ID,Hardware Hash", *lines]).encode()


def actions(town: Town, *kinds: str) -> Approved:
    """Remote actions, each for a computer of its own: by default one that may be repeated and one that may not."""
    approved = nothing(town)
    kinds = kinds or ("syncDevice", "autopilotReset")
    for kind, device in zip(kinds, computers(town, len(kinds)), strict=True):
        orders.order_action(kind, [device], town.requester, "Ny elev", timezone.now())
        approved.actions[called(device, kind)] += 1
    return approved


def called(device: Device, kind: str) -> str:
    """The path of the call as the sandbox's ledger has it."""
    return f"/{CALLS[kind].version}/deviceManagement/managedDevices/{device.intune_id}/{CALLS[kind].segment}"


def computers(town: Town, count: int) -> list[Device]:
    """Computers with one record in Intune and one in Autopilot that no earlier run has done anything to."""
    rows = graph(town.tenant, "deviceManagement/managedDevices")["value"]
    records = Counter(raw["serialNumber"] for raw in rows)
    registered = graph(town.tenant, "deviceManagement/windowsAutopilotDeviceIdentities")["value"]
    known = {raw["serialNumber"] for raw in registered if records[raw["serialNumber"]] == 1}
    fresh = [raw for raw in rows if raw["serialNumber"] in known and not raw["deviceActionResults"]]
    school = town.schools["GY-RONN"]
    return [factories.device(school, serial_number=raw["serialNumber"], intune_id=raw["id"]) for raw in fresh[-count:]]


def graph(tenant: Tenant, path: str) -> Any:
    headers = {"Authorization": f"Bearer {tenant.sandbox.token()}"}
    return tenant.sandbox.session.get(f"{tenant.sandbox.url}/v1.0/{path}", headers=headers, timeout=30).json()


def everything(town: Town) -> Approved:
    """Some of each kind."""
    return together(assignments(town), registration(town), actions(town))


def together(first: Approved, *more: Approved) -> Approved:
    """`first` has the assignments."""
    for each in more:
        first.actions += each.actions
        first.imports += each.imports
    return first


KINDS: dict[str, Callable[[Town], Approved]] = {
    "assignment": assignments,
    "import": registration,
    "action": actions,
}


def object_of(operation: Operation) -> str:
    """What the paths of the calls about it contain."""
    if operation.kind == Operation.Kind.IMPORT:
        return "importedWindowsAutopilotDeviceIdentities"
    return str(operation.intune_app_id or operation.desired["intune_id"])


def sweeping(broker: Broker, true: Callable[[], Any], *, hurried: bool = False) -> Callable[[], Any]:
    """For `wait_until`: beat's message each second beside; `hurried`, so that nothing waits for Intune for long."""
    last = 0.0

    def look() -> Any:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            broker.sweep()
            if hurried:
                hurry()
        return true()

    return look


def is_done() -> bool:
    """Whether the workers have nothing left to do."""
    return Operation.objects.exists() and not Operation.objects.open().exists()


def hurry() -> None:
    """What a few minutes do to operations that nobody holds and that wait for Intune to get further. An import grows
    no older than ten: it is given up after an hour."""
    for each in Operation.objects.filter(status__in=Operation.WAITING, problem__in=LOOKS_AGAIN):
        earlier = timedelta(minutes=5)
        columns: dict[str, Any] = {"not_before": None}
        if each.sent_at:
            columns["sent_at"] = each.sent_at - earlier
        if isinstance(each.before, dict) and "sent_at" in each.before:
            sent_at = datetime.fromisoformat(each.before["sent_at"])
            if timezone.now() - sent_at < earlier:
                columns["before"] = {**each.before, "sent_at": (sent_at - earlier).isoformat()}
        Operation.objects.filter(pk=each.pk, fence=each.fence, status=each.status).update(**columns)


def let_leases_run_out(worker: str = "") -> None:
    """What a minute does to what a dead `worker` held, or all of them."""
    held = Operation.objects.filter(status__in=Operation.HELD, worker__endswith=worker)
    held.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
