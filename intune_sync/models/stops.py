"""The switch that stops every write. One person throws it, two together release it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from schools.models import User


class KillSwitchQuerySet(models.QuerySet["KillSwitch"]):
    def thrown(self) -> Self:
        return self.filter(released_at=None)


class KillSwitch(models.Model):
    """One row for each time it was thrown; while one of them is not released, nothing is sent to Intune."""

    reason = models.TextField(_("reason"))
    thrown_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    thrown_at = models.DateTimeField(_("stopped"))
    first_release_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    first_release_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(_("released"), null=True)

    objects = KillSwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop of all writes")
        verbose_name_plural = _("stops of all writes")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(released_at=None), name="one_thrown_kill_switch"),
            models.CheckConstraint(condition=~Q(reason=""), name="kill_switch_has_a_reason"),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None)
                | Q(released_at__isnull=False, released_by__isnull=False, first_release_by__isnull=False)
                & ~Q(released_by=F("first_release_by")),
                name="two_release_the_kill_switch",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
