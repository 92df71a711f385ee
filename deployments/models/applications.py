"""The catalogue: applications as people speak of them, and their versions as Intune installs them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fleet.models import Platform
from schools.models import User


class Intent(models.TextChoices):
    """Intune's install intent of an assignment."""

    REQUIRED = "required", _("Required")
    AVAILABLE = "available", _("Available")
    UNINSTALL = "uninstall", _("Uninstall")


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("deployments.view_application") else self.none()


class Application(models.Model):
    name = models.CharField(_("name"), max_length=200, unique=True)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True)
    description = models.TextField(_("description"), blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    first_grade = models.PositiveSmallIntegerField(
        _("from grade"), null=True, blank=True, help_text=_("0 is the preschool class, 10 to 12 are upper secondary.")
    )
    last_grade = models.PositiveSmallIntegerField(_("to grade"), null=True, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_grade=None, last_grade=None)
                | Q(first_grade__lte=F("last_grade"), last_grade__lte=12, first_grade__gte=0),
                name="application_grades_in_order",
                violation_error_message=_("Give both grades, from 0 to 12, the lower one first."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deployments:application", args=[self.pk])


class AppVersion(models.Model):
    """One version on one platform: exactly one app object in Intune, where a new version is a new object."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="versions")
    platform = models.CharField(_("platform"), max_length=10, choices=Platform.choices)
    version = models.CharField(_("version"), max_length=100, blank=True, help_text=_("Empty where Intune has none."))
    intune_app_id = models.UUIDField(_("Intune app id"), unique=True)
    app_type = models.CharField(_("app type"), max_length=60, help_text=_("Intune's type, for example win32LobApp."))
    size_bytes = models.BigIntegerField(_("size"), null=True, blank=True)
    minimum_disk_mb = models.PositiveIntegerField(_("free disk needed (MB)"), null=True, blank=True)
    minimum_memory_mb = models.PositiveIntegerField(_("memory needed (MB)"), null=True, blank=True)
    minimum_os = models.CharField(_("oldest operating system"), max_length=50, blank=True)
    added_at = models.DateTimeField(
        _("added"), auto_now_add=True, help_text=_("The latest added is the latest version.")
    )

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["application", "platform", "-added_at", "-id"]

    def __str__(self) -> str:
        on = f" ({self.get_platform_display()})" if self.platform == Platform.MACOS else ""
        return f"{self.application} {self.version}".strip() + on

    def allows(self, intent: str) -> bool:
        """Whether Intune carries this intent to device groups: *available* reaches them for Win32 apps only.

        https://learn.microsoft.com/intune/intune-service/apps/apps-deploy
        """
        return intent != Intent.AVAILABLE or self.app_type == "win32LobApp"
