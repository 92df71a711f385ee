"""Software profiles: the containers municipality → school form → school → class group → device."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fleet.models import Device
from schools.models import ClassGroup, Municipality, School, SchoolForm, User

OWNER_OF_LEVEL = {0: "municipality", 1: "school_form", 2: "school", 3: "class_group", 4: "device"}

NAMES_OF_CONTAINERS = [
    "profile__municipality",
    "profile__school_form",
    "profile__school__school_form",
    "profile__class_group__school__school_form",
    "profile__device__school__school_form",
]
"""For `select_related`: all that names the container of an entry, and those around it."""


def _owned_by_level() -> Q:
    """True of a row that names exactly the owner its level calls for."""
    owned = Q()
    for level, owner in OWNER_OF_LEVEL.items():
        others = {f"{other}__isnull": True for other in OWNER_OF_LEVEL.values() if other != owner}
        owned |= Q(level=level, **{f"{owner}__isnull": False}, **others)
    return owned


class SoftwareProfileQuerySet(models.QuerySet["SoftwareProfile"]):
    def visible_to(self, user: User) -> Self:
        """Shared levels for everybody who reads baselines; a school's own levels for that school's people."""
        if not user.access.reads("deployments.view_baseline"):
            return self.none()
        if user.access.reads_all("deployments.view_baseline"):
            return self
        mine = user.access.school_ids("deployments.view_baseline")
        return self.filter(
            Q(level__lte=SoftwareProfile.Level.SCHOOL_FORM)
            | Q(school__in=mine)
            | Q(class_group__school__in=mine)
            | Q(device__school__in=mine)
        )


class SoftwareProfile(models.Model):
    """A container. What each revision of the baseline puts in it are `BaselineEntry` rows."""

    class Level(models.IntegerChoices):
        """From the widest to the nearest; the nearest level wins."""

        MUNICIPALITY = 0, _("Municipality")
        SCHOOL_FORM = 1, _("School form")
        SCHOOL = 2, _("School")
        CLASS_GROUP = 3, _("Class group")
        DEVICE = 4, _("Computer")

    level = models.PositiveSmallIntegerField(_("level"), choices=Level.choices)
    municipality = models.OneToOneField(Municipality, on_delete=models.PROTECT, null=True, blank=True)
    school_form = models.OneToOneField(SchoolForm, on_delete=models.PROTECT, null=True, blank=True)
    school = models.OneToOneField(School, on_delete=models.PROTECT, null=True, blank=True)
    class_group = models.OneToOneField(ClassGroup, on_delete=models.PROTECT, null=True, blank=True)
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, blank=True)
    entra_group_id = models.UUIDField(
        _("Entra group id"),
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text=_("The static group that the portal keeps for a container of one computer."),
    )

    objects = SoftwareProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("software profile")
        verbose_name_plural = _("software profiles")
        ordering = ["level", "school_form__code", "school__name", "id"]
        constraints = [models.CheckConstraint(condition=_owned_by_level(), name="profile_owner_matches_level")]

    def __str__(self) -> str:
        return str(self.owner)

    def get_absolute_url(self) -> str:
        return reverse("deployments:container", args=[self.pk])

    @property
    def kind(self) -> str:
        """The name of the level's column: municipality, school_form, school, class_group or device."""
        return OWNER_OF_LEVEL[self.level]

    @property
    def owner(self) -> Municipality | SchoolForm | School | ClassGroup | Device:
        return getattr(self, self.kind)  # type: ignore[no-any-return]
