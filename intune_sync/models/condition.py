"""How Graph answers right now, as the workers last met it: one row, read by every page's banner."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GraphCondition(models.Model):
    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    last_answer_at = models.DateTimeField(_("last answer"), null=True)
    down_since = models.DateTimeField(_("no answer since"), null=True)
    is_refused = models.BooleanField(
        default=False,
        help_text=_("It answers, but does not accept the portal's sign-in; `down_since` tells since when."),
    )
    error = models.TextField(_("error"), blank=True, help_text=_("What the last failed call said."))
    throttled_until = models.DateTimeField(_("asked to wait until"), null=True)

    class Meta:
        verbose_name = _("state of Microsoft Graph")
        verbose_name_plural = _("state of Microsoft Graph")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_graph_condition")]

    def __str__(self) -> str:
        return str(self.down_since or self.last_answer_at)
