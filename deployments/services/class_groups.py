"""Class groups and the computers in them: the members of the static groups that the portal keeps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import AppRequest, BaselineEntry, BaselineRevision
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
def rename(group: ClassGroup, name: str, by: User) -> ClassGroup:
    """What is decided for it stays as it is. Raises ValidationError when the school has one of that name."""
    locked = _locked(group)
    before, locked.name = locked.name, name.strip()
    if locked.name == before:
        return locked
    locked.full_clean()
    locked.save(update_fields=["name"])
    audit.record(
        "classgroup.renamed", locked, by=by, school=group.school, before={"name": before}, after={"name": locked.name}
    )
    return locked


@transaction.atomic
def remove(group: ClassGroup, by: User, now: datetime) -> ClassGroup:
    """Its computers leave it and follow their school; what was decided for it in the past can still be read.

    Raises ValidationError while something is decided or asked for it, or is on its way to be.
    """
    locked = _locked(group)
    if reasons := why_kept(locked):
        raise ValidationError(reasons)
    devices = list(Device.objects.select_for_update().filter(class_group=locked))
    for device in devices:
        device.class_group = None
        device.save(update_fields=["class_group"])
        _record(device, locked, by, {"class_group": locked.name}, {"class_group": None})
    locked.removed_at = now
    locked.save(update_fields=["removed_at"])
    after = {"computers": len(devices)}
    audit.record("classgroup.removed", locked, by=by, school=group.school, before={"name": locked.name}, after=after)
    return locked


def why_kept(group: ClassGroup) -> list[str]:
    """What has to be seen to before the group can be removed, in sentences."""
    Status = BaselineRevision.Status
    entries = BaselineEntry.objects.filter(profile__class_group=group).exclude(
        revision__status__in=[Status.SUPERSEDED, Status.DISCARDED]
    )
    entries = entries.filter(decision__exception=None)  # which end by themselves when the group is gone
    names = sorted(set(entries.values_list("application__name", flat=True)))
    asked = AppRequest.objects.open().filter(class_group=group)
    wanted = sorted({str(each) for each in asked.select_related("application")})
    found = []
    if names:
        found.append(_("Something is decided for it, or about to be: %(names)s.") % {"names": ", ".join(names)})
    if wanted:
        found.append(_("Somebody asks for something for it: %(names)s.") % {"names": ", ".join(wanted)})
    return found


def _locked(group: ClassGroup) -> ClassGroup:
    found = ClassGroup.objects.current().select_for_update(of=("self",)).select_related("school").filter(pk=group.pk)
    if (locked := found.first()) is None:
        raise ValidationError(_("The class group has been removed."))
    return locked


@transaction.atomic
def put_in(group: ClassGroup, devices: Iterable[int], by: User) -> int:
    """Place computers of the group's own school in it, out of any other; how many were not there already.

    Raises ValidationError when one of them is not at the school.
    """
    _locked(group)
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
