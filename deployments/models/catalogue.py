"""What must be known of an application before anybody decides on it: subjects, licences, vetting, capabilities."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application
from fleet.models import Platform
from schools.models import School, User


class Subject(models.Model):
    """A school subject, by the name it has in the syllabus."""

    name = models.CharField(_("subject"), max_length=100, unique=True)
    applications = models.ManyToManyField(Application, related_name="subjects", blank=True)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LicencePoolQuerySet(models.QuerySet["LicencePool"]):
    def visible_to(self, user: User) -> Self:
        """The municipality's for everybody who prepares or makes decisions; a school's own for its people."""
        if not user.access.reads("deployments.view_licence"):
            return self.none()
        if user.access.reads_all("deployments.view_licence"):
            return self
        return self.filter(Q(school=None) | Q(school__in=user.access.school_ids("deployments.view_licence")))

    def valid(self, on: date) -> Self:
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=on))


class LicencePool(models.Model):
    """Seats of an application, for one school or (school empty) for all."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="licence_pools")
    school = models.ForeignKey(School, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    seats = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, help_text=_("Computers that may have the app. Empty: any number.")
    )
    cost_per_year = models.DecimalField(
        _("cost per year"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("In kronor, for all seats."),
    )
    ends_on = models.DateField(_("ends"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = LicencePoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("licence pool")
        verbose_name_plural = _("licence pools")
        ordering = ["application", "school__name", "id"]

    def __str__(self) -> str:
        return f"{self.application} ({self.school or _('all schools')})"

    def holds(self, on: date) -> bool:
        return self.ends_on is None or self.ends_on >= on


class VettingCard(models.Model):
    """The facts about personal data, age, accessibility and cost, without which an application cannot be decided."""

    class PersonalData(models.TextChoices):
        NONE = "none", _("None")
        ACCOUNT = "account", _("Account details only")
        WORK = "work", _("Pupils' work")
        SENSITIVE = "sensitive", _("Sensitive data")

    class Agreement(models.TextChoices):
        NOT_NEEDED = "not_needed", _("Not needed")
        SIGNED = "signed", _("Signed")
        MISSING = "missing", _("Missing")

    class Assessment(models.TextChoices):
        NOT_NEEDED = "not_needed", _("Not needed")
        DONE = "done", _("Done")
        MISSING = "missing", _("Missing")

    class Region(models.TextChoices):
        DEVICE = "device", _("Only on the computer")
        EU = "eu", _("EU and EEA")
        OUTSIDE = "outside", _("Outside the EU and EEA")

    class Accessibility(models.TextChoices):
        MEETS = "meets", _("Meets WCAG 2.1 AA")
        PARTLY = "partly", _("Meets it in part")
        FAILS = "fails", _("Does not meet it")

    application = models.OneToOneField(Application, on_delete=models.CASCADE, related_name="vetting_card")
    personal_data = models.CharField(_("personal data"), max_length=10, choices=PersonalData.choices, blank=True)
    agreement = models.CharField(_("data processing agreement"), max_length=10, choices=Agreement.choices, blank=True)
    agreement_reference = models.CharField(_("reference of the agreement"), max_length=100, blank=True)
    assessment = models.CharField(_("impact assessment"), max_length=10, choices=Assessment.choices, blank=True)
    minimum_age = models.PositiveSmallIntegerField(_("minimum age"), null=True, blank=True)
    data_region = models.CharField(_("where the data is"), max_length=10, choices=Region.choices, blank=True)
    accessibility = models.CharField(_("accessibility"), max_length=10, choices=Accessibility.choices, blank=True)
    cost_note = models.CharField(_("cost"), max_length=200, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    checked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)

    NEEDED = (
        "personal_data",
        "agreement",
        "assessment",
        "minimum_age",
        "data_region",
        "accessibility",
        "cost_note",
        "valid_until",
    )

    class Meta:
        verbose_name = _("vetting card")
        verbose_name_plural = _("vetting cards")

    def __str__(self) -> str:
        return str(self.application)

    def missing(self) -> list[str]:
        """Names of the fields that are still to be filled in."""
        return [name for name in self.NEEDED if getattr(self, name) in ("", None)]

    def allows_decision(self, on: date) -> bool:
        """Complete, in date, and without an agreement or assessment that is needed and missing."""
        return (
            not self.missing()
            and self.valid_until is not None
            and self.valid_until >= on
            and self.agreement != self.Agreement.MISSING
            and self.assessment != self.Assessment.MISSING
        )


class CapabilityQuerySet(models.QuerySet["Capability"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("deployments.view_capability") else self.none()


class Capability(models.Model):
    """What computers can be used for ("ordbehandling", "CAD"), with one application on each platform."""

    name = models.CharField(_("capability"), max_length=100, unique=True)

    objects = CapabilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("capability")
        verbose_name_plural = _("capabilities")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CapabilityApplication(models.Model):
    capability = models.ForeignKey(Capability, on_delete=models.CASCADE, related_name="choices")
    platform = models.CharField(_("platform"), max_length=10, choices=Platform.choices)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("application of a capability")
        verbose_name_plural = _("applications of capabilities")
        ordering = ["capability", "platform"]
        constraints = [
            models.UniqueConstraint(fields=["capability", "platform"], name="capability_has_one_app_per_platform")
        ]

    def __str__(self) -> str:
        return f"{self.capability} ({self.get_platform_display()}): {self.application}"
