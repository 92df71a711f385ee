from django.db import models
from django.utils.translation import gettext_lazy as _


class Platform(models.TextChoices):
    WINDOWS = "windows", "Windows"
    MACOS = "macos", "macOS"


class HardwareModel(models.Model):
    """A computer model as Intune names it, for example LENOVO 20VKS0M400."""

    manufacturer = models.CharField(_("manufacturer"), max_length=100)
    name = models.CharField(_("model"), max_length=100)
    platform = models.CharField(_("platform"), max_length=10, choices=Platform.choices)
    memory_mb = models.PositiveIntegerField(
        _("memory (MB)"), null=True, blank=True, help_text=_("Intune's lists do not say it; from the purchase.")
    )

    class Meta:
        verbose_name = _("computer model")
        verbose_name_plural = _("computer models")
        ordering = ["manufacturer", "name"]
        constraints = [models.UniqueConstraint(fields=["manufacturer", "name"], name="hardware_model_once")]

    def __str__(self) -> str:
        return model_name(self.manufacturer, self.name)


def model_name(manufacturer: str, name: str) -> str:
    """HP's models carry the maker's name already."""
    return name if name.startswith(manufacturer) else f"{manufacturer} {name}"
