"""Remote actions: ordered with a reason, approved by somebody else where several are destructive, carried out one
computer at a time by workers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fleet.models import Device
from intune_sync.models import ActionOrder, Operation
from intune_sync.push import epochs
from schools import audit
from schools.models import School, User

MOST_COMPUTERS = 100


@transaction.atomic
def order_action(action: str, devices: Sequence[Device], by: User, reason: str, now: datetime) -> ActionOrder:
    """Raises ValidationError without a reason, for computers that Intune does not manage, and while one of them
    is being wiped, reset or retired. What needs no second person is carried out at once."""
    _check(action, devices, reason)
    order = ActionOrder.objects.create(
        action=action,
        is_destructive=action in ActionOrder.DESTRUCTIVE,
        device_count=len(devices),
        reason=reason.strip(),
        requested_by=by,
    )
    order.devices.set(devices)
    after = {"action": action, "computers": [device.serial_number for device in devices]}
    audit.record("action.ordered", order, by=by, school=_school_of(devices), after=after, reason=order.reason)
    if not (order.is_destructive and order.device_count > 1):
        order.move_to(ActionOrder.Status.APPROVED, decided_at=now)
        _create_operations(order)
    return order


@transaction.atomic
def approve_order(order: ActionOrder, by: User, now: datetime) -> ActionOrder:
    """Raises InvalidMove unless it waits, PermissionDenied for who ordered it."""
    if order.requested_by_id == by.pk:
        raise PermissionDenied(_("Somebody else than the one who ordered it has to approve it."))
    order.move_to(ActionOrder.Status.APPROVED, approved_by=by, decided_at=now)
    audit.record("action.approved", order, by=by, after={"status": order.status})
    _create_operations(order)
    return order


@transaction.atomic
def refuse_order(order: ActionOrder, by: User, reason: str, now: datetime) -> ActionOrder:
    """Also for who ordered it, who thereby takes it back. Raises InvalidMove unless it waits."""
    order.move_to(ActionOrder.Status.REFUSED, decided_at=now)
    audit.record("action.refused", order, by=by, after={"status": order.status}, reason=reason)
    return order


def _check(action: str, devices: Sequence[Device], reason: str) -> None:
    if action not in ActionOrder.Action.values:
        raise ValidationError({"action": _("There is no such action.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it is done.")})
    if not devices:
        raise ValidationError({"devices": _("Choose at least one computer.")})
    if len(devices) > MOST_COMPUTERS:
        raise ValidationError({"devices": _("%(most)d computers at most at a time.") % {"most": MOST_COMPUTERS}})
    unmanaged = [device.serial_number for device in devices if device.intune_id is None]
    if unmanaged:
        message = _("Intune does not manage these computers: %(serials)s.")
        raise ValidationError({"devices": message % {"serials": ", ".join(unmanaged)}})


def _create_operations(order: ActionOrder) -> None:
    epoch = epochs.current().pk
    try:
        with transaction.atomic():
            for device in order.devices.order_by("pk"):
                Operation.objects.create(
                    kind=Operation.Kind.ACTION,
                    order=order,
                    device=device,
                    requested_by=order.requested_by,
                    reason=order.reason,
                    is_destructive=order.is_destructive,
                    epoch=epoch,
                    lane=f"school:{device.school_id or 0}",
                    desired={"action": order.action, "intune_id": str(device.intune_id)},
                )
    except IntegrityError as error:
        raise ValidationError(
            _("A wipe, reset or retirement of one of these computers is under way already.")
        ) from error


def _school_of(devices: Sequence[Device]) -> School | None:
    schools = {device.school_id for device in devices}
    return devices[0].school if len(schools) == 1 else None
