"""Municipality → administration → school → class group; each level that gets software has an Entra group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from schools.models.people import User


def entra_group_field() -> models.UUIDField[UUID | str | None, UUID | None]:
    return models.UUIDField(
        _("Entra group id"),
        null=True,
        blank=True,
        unique=True,
        help_text=_("Object id of the Entra device group. The sync engine fills it in when it recognises the group."),
    )


class Municipality(models.Model):
    """The one municipality this portal serves: the root of everything that is decided."""

    name = models.CharField(_("name"), max_length=100)
    entra_group_id = entra_group_field()
    line_mbit = models.PositiveIntegerField(
        _("usual line (Mbit/s)"),
        default=1000,
        validators=[MinValueValidator(1)],
        help_text=_("Assumed of each school whose own line nobody has entered."),
    )

    class Meta:
        verbose_name = _("municipality")
        verbose_name_plural = _("municipalities")

    def __str__(self) -> str:
        return self.name


class Administration(models.Model):
    """A department with schools: gymnasieförvaltningen, barn- och ungdomsförvaltningen."""

    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="administrations")
    code = models.CharField(_("code"), max_length=10, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("administration")
        verbose_name_plural = _("administrations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SchoolForm(models.Model):
    """A school form that has schools here, with the group of all its computers."""

    class Code(models.TextChoices):
        GRUNDSKOLA = "grundskola", _("Compulsory school")
        ANPASSAD_GRUNDSKOLA = "anpassad_grundskola", _("Adapted compulsory school")
        GYMNASIESKOLA = "gymnasieskola", _("Upper secondary school")
        ANPASSAD_GYMNASIESKOLA = "anpassad_gymnasieskola", _("Adapted upper secondary school")
        KOMVUX = "komvux", _("Adult education")

    code = models.CharField(_("code"), max_length=30, choices=Code.choices, unique=True)
    group_tag_prefix = models.CharField(
        _("group tag prefix"),
        max_length=20,
        unique=True,
        help_text=_("Every group tag of this school form starts with this. Upper and lower case are different."),
    )
    entra_group_id = entra_group_field()

    class Meta:
        verbose_name = _("school form")
        verbose_name_plural = _("school forms")
        ordering = ["code"]

    def __str__(self) -> str:
        return str(self.get_code_display())


class SchoolQuerySet(models.QuerySet["School"]):
    def visible_to(self, user: User) -> Self:
        """Schools whose page this person may open. Municipality-wide readers see all."""
        return self.filter(user.access.schools_q("schools.view_school", "pk"))

    def for_list(self) -> Self:
        return self.select_related("administration", "school_form")


class School(models.Model):
    administration = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="schools")
    school_form = models.ForeignKey(SchoolForm, on_delete=models.PROTECT, related_name="schools")
    school_unit_code = models.CharField(
        _("school unit code"),
        max_length=8,
        unique=True,
        validators=[RegexValidator(r"^\d{8}$", _("A school unit code has eight digits."))],
        help_text=_("The eight digits of Skolverket's register."),
    )
    name = models.CharField(_("name"), max_length=100)
    group_tag = models.CharField(
        _("group tag"),
        max_length=50,
        unique=True,
        help_text=_("Windows Autopilot's group tag of this school's computers. Upper and lower case are different."),
    )
    entra_group_id = entra_group_field()
    line_mbit = models.PositiveIntegerField(
        _("line (Mbit/s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("What the school's line carries. Empty: the municipality's usual line is assumed."),
    )

    objects = SchoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("school")
        verbose_name_plural = _("schools")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(school_unit_code__regex=r"^\d{8}$"), name="school_unit_code_8_digits"),
            models.CheckConstraint(condition=~Q(group_tag=""), name="school_group_tag_not_empty"),
            models.CheckConstraint(
                condition=Q(line_mbit=None) | Q(line_mbit__gte=1), name="school_line_carries_something"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deployments:school", args=[self.pk])


class ClassGroupQuerySet(models.QuerySet["ClassGroup"]):
    def current(self) -> Self:
        """Those that have not been removed."""
        return self.filter(removed_at=None)


class ClassGroup(models.Model):
    """A class or teaching group. It has computers, never pupil names. What was once decided for it keeps its name, so a
    removed one stays as a row."""

    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="class_groups")
    name = models.CharField(_("name"), max_length=50)
    entra_group_id = entra_group_field()
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    objects = ClassGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("class group")
        verbose_name_plural = _("class groups")
        ordering = ["school", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "name"], condition=Q(removed_at=None), name="class_group_name_once_per_school"
            )
        ]

    def __str__(self) -> str:
        return self.name
