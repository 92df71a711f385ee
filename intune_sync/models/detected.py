"""Software that Intune found on computers, whoever installed it; added up, never by computer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IntuneDetectedApp(models.Model):
    """Intune tells a program apart by platform, publisher and architecture; here it is one row for each version."""

    name = models.CharField(_("name"), max_length=300)
    version = models.CharField(_("version"), max_length=100, blank=True)
    device_count = models.PositiveIntegerField(_("computers"))
    seen_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("detected app")
        verbose_name_plural = _("detected apps")
        ordering = ["name", "version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="detected_app_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()
