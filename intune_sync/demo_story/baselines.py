"""The demo's class groups, and a draft with class-group and computer entries that IT has begun on."""

from __future__ import annotations

from datetime import datetime

from deployments.models import Application, Baseline, BaselineRevision
from deployments.services.class_groups import add_class_group, put_in
from deployments.services.drafts import put_entry, start_draft
from deployments.services.profiles import profile_of
from fleet.models import Device, Platform
from schools.models import ClassGroup, School, User

CLASS_GROUPS = {"GY-RONN": ["EK24A", "EK24B", "NA25A", "TE24A", "TE25A"], "GY-TEKN": ["TE24C", "TE25C", "BF24A"]}
"""Names by the school's group tag."""
COMPUTERS = 24
FOR_A_CLASS = "Autodesk Fusion"
NOTE = "Konstruktion i TE24A inför vårterminen; övriga klasser får programmet först när licenserna räcker."


def tell(now: datetime) -> None:
    """Again does nothing."""
    keeper = User.objects.get(username="anna")
    for tag, names in CLASS_GROUPS.items():
        school = School.objects.get(group_tag=tag)
        for name in names:
            if not ClassGroup.objects.filter(school=school, name=name).exists():
                _fill(add_class_group(school, name, keeper), keeper)
    if not BaselineRevision.objects.filter(note=NOTE).exists():
        _draft(keeper)


def _fill(group: ClassGroup, keeper: User) -> None:
    free = Device.objects.filter(
        school=group.school, class_group=None, platform=Platform.WINDOWS, missing_since=None, intune_id__isnull=False
    )
    put_in(group, free.order_by("serial_number").values_list("pk", flat=True)[:COMPUTERS], keeper)


def _draft(keeper: User) -> None:
    group = ClassGroup.objects.select_related("school").get(school__group_tag="GY-RONN", name="TE24A")
    wanted = Application.objects.filter(name=FOR_A_CLASS, versions__isnull=False).first()
    coming = Baseline.objects.order_by("-semester__starts_on").first()
    if wanted and coming:
        draft = start_draft(coming, keeper, NOTE)
        put_entry(draft, profile_of(group), wanted, intent="required", by=keeper)
