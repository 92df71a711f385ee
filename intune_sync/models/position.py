"""How far the reading of a resource has come, so that the next one may ask for changes alone."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SyncPosition(models.Model):
    """Moved only by a complete answer, in the transaction that writes its rows; without one everything is read."""

    resource = models.CharField(_("what"), max_length=20, unique=True)
    watermark = models.DateTimeField(
        _("changes asked for from"), null=True, help_text=_("By Graph's own times, never later than our clock.")
    )
    delta_link = models.TextField(
        blank=True, help_text=_("Where Entra goes on telling what has changed; it forgets it after seven days.")
    )
    moved_at = models.DateTimeField(_("moved"))

    class Meta:
        verbose_name = _("position in Graph")
        verbose_name_plural = _("positions in Graph")

    def __str__(self) -> str:
        return self.resource
