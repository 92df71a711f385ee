"""What Intune decides beside apps: which computers an assignment is meant for, and how a computer starts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

PLATFORMS = {
    "windows10AndLater": _("Windows 10 and later"),
    "macOS": "macOS",
    "iOS": "iOS",
    "android": "Android",
    "androidForWork": "Android",
}


class AssignmentFilter(models.Model):
    """Made by people in Intune; an assignment that names one reaches only the computers for which its rule is true."""

    graph_id = models.UUIDField(unique=True)
    display_name = models.CharField(_("name"), max_length=300)
    platform = models.CharField(_("platform"), max_length=60, blank=True)
    rule = models.TextField(_("rule"), blank=True)
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0)  # complete answers without it
    missing_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("assignment filter")
        verbose_name_plural = _("assignment filters")
        ordering = ["display_name", "id"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def platform_label(self) -> str:
        """A platform that Intune has added since stands as it is."""
        return str(PLATFORMS.get(self.platform, self.platform))


USAGES = {"singleUser": _("One person"), "shared": _("Several people")}


class AutopilotProfile(models.Model):
    """How a computer that Autopilot knows is set up at its first start."""

    graph_id = models.UUIDField(unique=True)
    display_name = models.CharField(_("name"), max_length=300)
    description = models.TextField(_("description"), blank=True)
    name_template = models.CharField(_("computer names"), max_length=100, blank=True)
    device_type = models.CharField(_("kind of computer"), max_length=40, blank=True)
    usage = models.CharField(
        _("used by"), max_length=40, blank=True, help_text=_("singleUser or shared, as Intune says.")
    )
    is_preprovisioning_allowed = models.BooleanField(_("may be prepared beforehand"), default=False)
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0)  # complete answers without it
    missing_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Autopilot profile")
        verbose_name_plural = _("Autopilot profiles")
        ordering = ["display_name", "id"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def usage_label(self) -> str:
        """A word that Intune has added since stands as it is."""
        return str(USAGES.get(self.usage, self.usage)) or "–"
