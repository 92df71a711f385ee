"""Class groups and the computers in them: the members of the static groups that the portal keeps."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.models import Device
from schools import audit
from schools.models import ClassGroup, School, User


@transaction.atomic
def add_class_group(school: School, name: str, by: User) -> ClassGroup:
    """Raises ValidationError when the school has one of that name."""
    group = ClassGroup(school=school, name=name.strip())
    group.full_clean()
    group.save()
    audit.record("classgroup.added", group, by=by, school=school, after={"name": group.name})
    return group


@transaction.atomic
def put_in(group: ClassGroup, devices: Iterable[int], by: User) -> int:
    """Place computers of the group's own school in it, out of any other; how many were not there already.

    Raises ValidationError when one of them is not at the school.
    """
    wanted = set(devices)
    found = list(
        Device.objects.select_for_update(of=("self",))
        .select_related("class_group")
        .filter(pk__in=wanted, school=group.school_id)
    )
    if len(found) != len(wanted):
        raise ValidationError(_("Only computers of the school itself can be in its class group."))
    moved = [device for device in found if device.class_group_id != group.pk]
    for device in moved:
        before = {"class_group": device.class_group.name if device.class_group else None}
        device.class_group = group
        device.save(update_fields=["class_group"])
        _record(device, group, by, before, {"class_group": group.name})
    return len(moved)


@transaction.atomic
def take_out(group: ClassGroup, device: Device, by: User) -> None:
    """Nothing happens when it is not in the group."""
    if Device.objects.filter(pk=device.pk, class_group=group).update(class_group=None):
        _record(device, group, by, {"class_group": group.name}, {"class_group": None})


def _record(
    device: Device, group: ClassGroup, by: User, before: dict[str, str | None], after: dict[str, str | None]
) -> None:
    audit.record("device.class_group_set", device, by=by, school=group.school, before=before, after=after)
