"""What Intune says of an app on a computer. Written by the sync engine alone."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import AppVersion
from fleet.models import Device
from schools.models import User


class InstallStatusQuerySet(models.QuerySet["InstallStatus"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.access.schools_q("fleet.view_device", "device__school_id"))


class InstallStatus(models.Model):
    """The last report of one app version on one computer. No row: Intune has not said anything yet."""

    class State(models.TextChoices):
        """Intune's `resultantAppState`; a value we do not know becomes unknown."""

        INSTALLED = "installed", _("Installed")
        FAILED = "failed", _("Failed")
        PENDING = "pendingInstall", _("Pending")
        NOT_INSTALLED = "notInstalled", _("Not installed")
        UNINSTALL_FAILED = "uninstallFailed", _("Uninstall failed")
        NOT_APPLICABLE = "notApplicable", _("Not applicable")
        UNKNOWN = "unknown", _("Unknown")

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="install_statuses")
    app_version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, related_name="install_statuses")
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    error_code = models.CharField(
        _("error code"), max_length=20, blank=True, help_text=_("Hexadecimal, as Intune shows it.")
    )
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    reported_at = models.DateTimeField(_("reported"), null=True, help_text=_("When the computer last reported this."))
    installed_at = models.DateTimeField(
        _("installed"), null=True, help_text=_("The first report that it was installed, kept until it is gone.")
    )

    objects = InstallStatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("install status")
        verbose_name_plural = _("install statuses")
        constraints = [models.UniqueConstraint(fields=["app_version", "device"], name="install_status_once")]
        indexes = [
            models.Index(fields=["device", "app_version"], name="installs_of_device"),  # the device page
            models.Index(fields=["app_version", "state"], name="installs_by_state"),  # success per app
        ]

    def __str__(self) -> str:
        return f"{self.app_version}: {self.get_state_display()}"
