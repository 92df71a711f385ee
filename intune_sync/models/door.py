"""What all workers must know of the door to Graph: how long to keep away, and whether it is shut."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GraphHold(models.Model):
    """Microsoft asked for no calls to one of its services until then."""

    client_id = models.CharField(_("application id"), max_length=64, help_text=_("* for every app of the tenant."))
    service = models.CharField(_("service"), max_length=20)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("wait that Microsoft asked for")
        verbose_name_plural = _("waits that Microsoft asked for")
        constraints = [models.UniqueConstraint(fields=["client_id", "service"], name="one_hold_each_service")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.service}"


class GraphBreaker(models.Model):
    """One row. While `opened_at` is set nothing is sent; at `probe_at` one worker asks whether Graph is back."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    failures = models.PositiveIntegerField(_("calls in a row without an answer"), default=0)
    opened_at = models.DateTimeField(_("paused since"), null=True)
    probe_at = models.DateTimeField(_("asks again at"), null=True)
    probes = models.PositiveIntegerField(_("times asked again"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("pause towards Microsoft Graph")
        verbose_name_plural = _("pauses towards Microsoft Graph")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_graph_breaker")]

    def __str__(self) -> str:
        return str(self.opened_at or "")
