"""Which history the database is of, and which of those who wait was served last."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Epoch(models.Model):
    """Begun anew when an older backup has been restored: what a backup remembers as still to be done may have been
    done since, so nothing destructive of an earlier epoch is ever sent.

    `database` tells one copy of the database from another, as PostgreSQL does: cluster, database and timeline.
    `sealed_by` is the row's own `xmin`, the number of the transaction that wrote it: in a row that a dump brought
    back, and in one that somebody has changed, they differ.
    """

    database = models.CharField(max_length=100)
    sealed_by = models.BigIntegerField(null=True)
    reason = models.TextField(_("reason"))
    begun_at = models.DateTimeField(_("begun"))

    class Meta:
        verbose_name = _("epoch")
        verbose_name_plural = _("epochs")
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="epoch_has_a_reason")]

    def __str__(self) -> str:
        return str(self.pk)


class Lane(models.Model):
    """Those who wait for the ledger: a change, a school, an import. The one served longest ago is next."""

    name = models.CharField(max_length=40, primary_key=True)
    served_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lane of the ledger")
        verbose_name_plural = _("lanes of the ledger")

    def __str__(self) -> str:
        return self.name
