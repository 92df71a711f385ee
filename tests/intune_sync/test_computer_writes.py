"""Group tags, imports and remote actions, with the sandbox as Microsoft."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from fleet.models import Device
from intune_sync.models import ActionOrder, AutopilotImport, Operation
from intune_sync.push import apply, epochs
from intune_sync.services import imports, orders
from intune_sync.services.identities import mark_identity
from schools.models import AuditEvent
from tests import factories
from tests.factories import NOW
from tests.pushing import Tenant
from tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Its own, because its clock is turned on."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("computers"), devices=200)
    yield sandbox
    sandbox.stop()


def graph(tenant: Tenant, path: str) -> Any:
    headers = {"Authorization": f"Bearer {tenant.sandbox.token()}"}
    return tenant.sandbox.session.get(f"{tenant.sandbox.url}/v1.0/{path}", headers=headers).json()


def managed(tenant: Tenant, place: int = 0) -> Device:
    """A computer that the sandbox has, in the portal."""
    rows = [raw for raw in graph(tenant, "deviceManagement/managedDevices")["value"] if raw["serialNumber"]]
    raw = [each for each in rows if each["operatingSystem"] == "Windows"][place]
    return factories.device(factories.school(), serial_number=raw["serialNumber"], intune_id=raw["id"])


def in_autopilot(tenant: Tenant, place: int = 0) -> Device:
    raw = graph(tenant, "deviceManagement/windowsAutopilotDeviceIdentities")["value"][place]
    return factories.device(
        serial_number=raw["serialNumber"], autopilot_id=raw["id"], observed_group_tag=raw["groupTag"]
    )


def identity(tenant: Tenant, device: Device) -> Any:
    return graph(tenant, f"deviceManagement/windowsAutopilotDeviceIdentities/{device.autopilot_id}")


def results(tenant: Tenant, device: Device) -> list[Any]:
    return list(graph(tenant, f"deviceManagement/managedDevices/{device.intune_id}")["deviceActionResults"])


def work(actions: bool = False, *, turns: int = 12) -> None:
    for turn in range(turns):
        apply.work(NOW + timedelta(minutes=turn), actions=actions)


def test_a_group_tag_is_written_and_read_back(tenant: Tenant):
    device, by = in_autopilot(tenant), factories.person("it_admin")
    operation = mark_identity(device, by, group_tag="GY-NY", reason="Flyttas")

    work()

    operation.refresh_from_db()
    device.refresh_from_db()
    assert operation.status == "verified"
    assert identity(tenant, device)["groupTag"] == device.observed_group_tag == "GY-NY"
    assert AuditEvent.objects.get(act="identity.marked").after["group_tag"] == "GY-NY"


def test_a_group_tag_whose_answer_was_lost_is_not_written_twice(tenant: Tenant):
    device = in_autopilot(tenant, 1)
    operation = mark_identity(device, factories.person("it_admin"), group_tag="GY-NY2")
    tenant.fault("drop_after", path="/updateDeviceProperties")

    work()

    operation.refresh_from_db()
    assert operation.status == "verified"
    assert len(tenant.calls(method="POST", path_contains="/updateDeviceProperties")) == 1


def test_what_autopilot_says_already_is_refused(tenant: Tenant):
    device = in_autopilot(tenant, 2)

    with pytest.raises(ValidationError):
        mark_identity(device, factories.person("it_admin"), group_tag=device.observed_group_tag)


def file_of(*serials: str) -> list[imports.FileRow]:
    lines = [f"{serial},,{base64.b64encode(f'hash of {serial}'.encode() * 20).decode()}" for serial in serials]
    text = "Device Serial Number,Windows Product ID,Hardware Hash\r\n" + "\r\n".join(lines)
    return imports.read_file(text.encode())


def start(*serials: str, tag: str = "GY-NY") -> AutopilotImport:
    return imports.start_import(file_of(*serials), factories.person("it_admin"), file_name="a.csv", group_tag=tag)


def import_until_done(tenant: Tenant, batch: AutopilotImport, turns: int = 40) -> Operation:
    for turn in range(turns):
        apply.work(NOW + timedelta(seconds=25 * turn))
        tenant.sandbox.post("/sandbox/clock", {"advance_seconds": 60})
        operation = batch.operations.get()
        if operation.status in ("verified", "failed"):
            break
    return operation


def test_imported_computers_end_up_in_autopilot_and_the_records_are_taken_away(tenant: Tenant):
    batch = start("PORTAL-1", "PORTAL-2")

    operation = import_until_done(tenant, batch)

    assert (operation.status, operation.problem) == ("verified", "")
    assert set(batch.rows.values_list("status", "hardware_hash")) == {("done", "")}
    left = graph(tenant, "deviceManagement/importedWindowsAutopilotDeviceIdentities")["value"]
    assert not [raw for raw in left if raw["serialNumber"].startswith("PORTAL-")]
    assert len(tenant.calls(method="POST", path_contains="/import")) == 1
    taken_away = tenant.calls(method="DELETE", path_contains="/importedWindowsAutopilotDeviceIdentities/")
    assert all(base64.b64decode(call["justification"]).startswith(b"Terminsklar") for call in taken_away)
    assert len([call for call in taken_away if call["batch"]]) == 2


def test_an_import_whose_answer_was_lost_is_found_and_not_sent_again(tenant: Tenant):
    batch = start("LOST-1")
    tenant.fault("drop_after", path="/import")

    operation = import_until_done(tenant, batch)

    assert operation.status == "verified"
    calls = tenant.calls(method="POST", path_contains="/importedWindowsAutopilotDeviceIdentities/import")
    assert len(calls) == 1


@pytest.mark.parametrize("turns", [1, 40])
def test_an_import_that_a_restored_backup_has_forgotten_is_not_sent_again(turns: int, tenant: Tenant):
    """Intune is still at it, or has long finished."""
    serials, epoch = [f"FORGOTTEN-{turns}A", f"FORGOTTEN-{turns}B"], epochs.current()
    import_until_done(tenant, start(*serials), turns)
    Operation.objects.update(status="failed")
    batch = start(*serials)
    epochs.begin("Backup restored", timezone.now())

    operation = import_until_done(tenant, batch)

    assert epoch != epochs.current()
    assert operation.status == "verified"
    assert set(batch.rows.values_list("status", flat=True)) <= {"done", "already"}
    assert len(tenant.calls(method="POST", path_contains="DeviceIdentities/import")) == 1


def test_a_computer_that_was_in_autopilot_gets_its_tag_by_an_operation_of_its_own(tenant: Tenant):
    device = in_autopilot(tenant, 3)
    batch = start(device.serial_number, tag="GY-ANNAN")

    import_until_done(tenant, batch)
    work()

    assert batch.rows.get().status == "already"
    assert identity(tenant, device)["groupTag"] == "GY-ANNAN"


def test_each_refused_row_says_what_it_means(tenant: Tenant):
    tenant.sandbox.post("/sandbox/settings", {"other_tenant_serials": "ELSE-1", "other_tenant_rate": 0.0})
    hashes = [base64.b64encode(name * 30).decode() for name in (b"one", b"two", b"two", b"three")]
    lines = [f"{serial},,{said}" for serial, said in zip(["ELSE-1", "TWIN-1", "TWIN-2", "FINE-1"], hashes, strict=True)]
    text = "Device Serial Number,Windows Product ID,Hardware Hash\n" + "\n".join(lines)
    rows = imports.read_file(text.encode())
    batch = imports.start_import(rows, factories.person("it_admin"), file_name="a.csv")

    operation = import_until_done(tenant, batch)
    tenant.sandbox.delete("/sandbox/settings")

    faults = dict(batch.rows.values_list("serial_number", "fault"))
    assert operation.status == "verified"
    assert (faults["ELSE-1"], faults["FINE-1"]) == ("808", "")
    assert "twice" in (faults["TWIN-1"], faults["TWIN-2"])
    assert not batch.rows.exclude(hardware_hash="").exists()


def test_damaged_hashes_are_refused_by_intune_in_words(tenant: Tenant):
    tenant.sandbox.post("/sandbox/settings", {"import_error_rate": 1.0})
    batch = start("BAD-1")

    import_until_done(tenant, batch)
    tenant.sandbox.delete("/sandbox/settings")

    row = batch.rows.get()
    assert (row.status, row.fault, row.error) == ("failed", "802", "802 InvalidZtdHardwareHash")


def test_an_import_that_intune_never_finishes_is_given_up_after_an_hour(tenant: Tenant):
    tenant.sandbox.post("/sandbox/settings", {"import_seconds": 1_000_000.0})
    batch = start("NEVER-1")

    for minutes in (0, 30, 61):
        apply.work(NOW + timedelta(minutes=minutes))
    tenant.sandbox.delete("/sandbox/settings")

    operation = batch.operations.get()
    assert (operation.status, operation.problem) == ("failed", "import_late")
    assert batch.rows.get().fault == "no_answer"


def test_a_file_that_is_not_right_is_refused_line_by_line():
    text = "Device Serial Number,Windows Product ID,Hardware Hash\nA,,AAAA\nA,,AAAA\nB,,?\n"

    with pytest.raises(ValidationError) as refused:
        imports.read_file(text.encode())

    assert len(refused.value.messages) == 2


def test_a_remote_action_is_sent_once_and_verified(tenant: Tenant):
    device = managed(tenant)
    order = orders.order_action("syncDevice", [device], factories.person("it_admin"), "Felsökning", NOW)

    apply.work(NOW)
    work(actions=True)

    assert order.operations.get().status == "verified"
    assert len(results(tenant, device)) == 1


def test_a_destructive_action_whose_answer_was_lost_is_never_sent_again(tenant: Tenant):
    device = managed(tenant, 1)
    order = orders.order_action("autopilotReset", [device], factories.person("it_admin"), "Ny elev", NOW)
    tenant.fault("drop_after", path="/wipe")

    work(actions=True, turns=30)

    assert order.operations.get().status == "verified"
    assert len(tenant.calls(method="POST", path_contains="/wipe")) == 1


def test_a_destructive_action_that_never_arrived_is_not_sent_again_either(tenant: Tenant):
    device = managed(tenant, 2)
    order = orders.order_action("retire", [device], factories.person("it_admin"), "Såld", NOW)
    tenant.fault("drop_before", path="/retire")

    work(actions=True, turns=30)

    operation = order.operations.get()
    assert (operation.status, operation.problem) == ("failed", "never_seen")
    assert len(tenant.calls(method="POST", path_contains="/retire")) <= 1


def test_two_wipes_need_a_second_person(tenant: Tenant):
    by = factories.person("it_admin")
    order = orders.order_action("wipe", [managed(tenant, 3), managed(tenant, 4)], by, "Stulna", NOW)

    with pytest.raises(PermissionDenied):
        orders.approve_order(order, by, NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        ActionOrder.objects.filter(pk=order.pk).update(status="approved")

    assert (order.status, order.operations.count()) == ("waiting", 0)
    orders.approve_order(order, factories.person("it_admin"), NOW)
    assert order.operations.count() == 2


def test_the_database_refuses_an_action_without_an_approved_order(tenant: Tenant):
    device, by = managed(tenant, 3), factories.person("it_admin")
    order = orders.order_action("wipe", [device, managed(tenant, 4)], by, "Stulna", NOW)

    with pytest.raises(DatabaseError), transaction.atomic():
        Operation.objects.create(kind="action", order=order, device=device, epoch=1, is_destructive=True, desired={})


def test_no_more_destructive_actions_go_out_than_allowed(tenant: Tenant, settings: Any):
    settings.DESTRUCTIVE_PER_HOUR = 1
    by = factories.person("it_admin")
    for place in (5, 6):
        orders.order_action("autopilotReset", [managed(tenant, place)], by, "Ny elev", NOW)

    work(actions=True)

    assert sorted(Operation.objects.values_list("status", "problem")) == [("ready", "capped"), ("verified", "")]


def test_a_new_epoch_voids_what_was_not_sent_and_settles_the_rest_by_reading(tenant: Tenant):
    by = factories.person("it_admin")
    unsent = orders.order_action("autopilotReset", [managed(tenant, 7)], by, "Ny elev", NOW).operations.get()
    doubtful = orders.order_action("autopilotReset", [managed(tenant, 8)], by, "Ny elev", NOW).operations.get()
    Operation.objects.filter(pk=doubtful.pk).update(status="unknown", in_doubt=True, sent_at=NOW, before=[])

    assert epochs.begin("Återläst", NOW) == (1, 1)
    work(actions=True, turns=30)

    assert Operation.objects.get(pk=unsent.pk).problem == "voided"
    assert Operation.objects.get(pk=doubtful.pk).problem == "never_seen"
    assert tenant.calls(method="POST", path_contains="/wipe") == []
