"""Why a change that its decision would let through still waits, for IT to see."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deployments.models import BaselineRevision, ChangeSet


class AutomaticHold(models.Model):
    """Looked at again when another revision is active, and every few minutes."""

    change_set = models.OneToOneField(ChangeSet, on_delete=models.CASCADE, related_name="hold")
    reason = models.CharField(
        _("reason"), max_length=30, help_text=_("Why it waits, as a code; `intune_sync.holds` has words.")
    )
    reason_data = models.JSONField(default=dict, help_text=_("What the explanation names."))
    since = models.DateTimeField(_("since"))
    looked_at = models.DateTimeField(_("looked at"))
    active_revision = models.ForeignKey(BaselineRevision, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("change left for IT")
        verbose_name_plural = _("changes left for IT")

    def __str__(self) -> str:
        return f"{self.change_set}: {self.reason}"
