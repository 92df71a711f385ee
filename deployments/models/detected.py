"""On how many computers software was found, whoever installed it; observed, written by the sync engine alone."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application


class DetectedUse(models.Model):
    application = models.OneToOneField(Application, on_delete=models.CASCADE, related_name="detected")
    computers = models.PositiveIntegerField(_("found on computers"))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("detected use")
        verbose_name_plural = _("detected use")

    def __str__(self) -> str:
        return f"{self.application}: {self.computers}"
