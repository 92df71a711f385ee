"""Group tag and user of Autopilot identities: asked for by somebody, written by a worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.models import Device
from intune_sync.models import ImportRow, Operation
from schools import audit
from schools.models import User


@transaction.atomic
def mark_identity(
    device: Device, by: User, *, group_tag: str | None = None, user: str | None = None, reason: str = ""
) -> Operation:
    """Let a worker set the group tag or user in Autopilot; "" takes the user away, None leaves what is there.

    Raises ValidationError when the computer is not in Autopilot, nothing would change, or it is being done already.
    """
    group_tag, user = _tidy(group_tag), _tidy(user)
    if device.autopilot_id is None:
        raise ValidationError(_("The computer is not in Autopilot, so it has no group tag or user there."))
    if user:
        validate_email(user)
    if (group_tag is None and user is None) or (user is None and group_tag == device.observed_group_tag):
        raise ValidationError(_("That is what Autopilot says already."))
    if Operation.objects.open().filter(kind=Operation.Kind.IDENTITY, device=device).exists():
        raise ValidationError(_("The group tag or user of this computer is being changed already."))
    marks = {"group_tag": group_tag, "user": user}
    operation = _put(device.autopilot_id, device.serial_number, marks, by, device=device, reason=reason)
    after = {name: value for name, value in operation.desired.items() if name in ("group_tag", "user")}
    before = {"group_tag": device.observed_group_tag} if group_tag is not None else {}
    audit.record("identity.requested", device, by=by, school=device.school, before=before, after=after, reason=reason)
    return operation


def put_identity_operation(row: ImportRow, autopilot_id: UUID) -> Operation | None:
    """For a computer that was in Autopilot before it was imported: the import has not set its tag and user."""
    if not row.group_tag and not row.user_principal_name:
        return None
    device = Device.objects.filter(autopilot_id=autopilot_id).first()
    marks = {"group_tag": row.group_tag or None, "user": row.user_principal_name or None}
    return _put(autopilot_id, row.serial_number, marks, row.batch.requested_by, device=device)


def _put(autopilot_id: UUID, serial_number: str, marks: dict[str, str | None], by: User, **columns: Any) -> Operation:
    device: Device | None = columns["device"]
    return Operation.objects.create(
        kind=Operation.Kind.IDENTITY,
        requested_by=by,
        lane=f"school:{device.school_id}" if device and device.school_id else "identities",
        desired={
            "autopilot_id": str(autopilot_id),
            "serial_number": serial_number,
            **{name: value for name, value in marks.items() if value is not None},
        },
        **columns,
    )


def _tidy(text: str | None) -> str | None:
    return text.strip() if text is not None else None
