"""The settings of compliance policies that a computer does not meet, as Intune last reported them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from fleet.models.device import Device
from schools.models import User


class ComplianceBreachQuerySet(models.QuerySet["ComplianceBreach"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.access.schools_q("fleet.view_device", "device__school_id"))


class ComplianceBreach(models.Model):
    """There is a row while Intune says so, and until two reports no longer do; `Device.compliance_state` is the verdict
    on the whole computer."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="compliance_breaches")
    policy_name = models.CharField(_("policy"), max_length=300)
    setting = models.CharField(_("setting"), max_length=300)
    state = models.CharField(_("state"), max_length=60, blank=True, help_text=_("In Intune's own words."))
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"))
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)  # reports without it

    objects = ComplianceBreachQuerySet.as_manager()

    class Meta:
        verbose_name = _("unmet compliance setting")
        verbose_name_plural = _("unmet compliance settings")
        ordering = ["policy_name", "setting"]
        constraints = [
            models.UniqueConstraint(fields=["device", "policy_name", "setting"], name="compliance_breach_once")
        ]

    def __str__(self) -> str:
        return f"{self.policy_name}: {self.setting}"
