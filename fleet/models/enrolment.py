"""Attempts to set a computer up, kept longer than Intune keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from fleet.models.device import Device
from schools.models import User

KEPT_FOR = timedelta(days=3 * 365)
"""As long as a computer usually stays; Intune forgets after some weeks."""


class EnrolmentAttemptQuerySet(models.QuerySet["EnrolmentAttempt"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.access.schools_q("fleet.view_device", "device__school_id"))

    def outlived(self, now: datetime) -> Self:
        return self.filter(started_at__lt=now - KEPT_FOR)


class EnrolmentAttempt(models.Model):
    """One start of Windows by Autopilot, as Intune tells of it. Nothing says who sat at the computer."""

    class Outcome(models.TextChoices):
        """Intune's `deploymentState`; a value we do not know becomes unknown."""

        UNKNOWN = "unknown", _("Unknown")
        SUCCESS = "success", _("Succeeded")
        IN_PROGRESS = "inProgress", _("Under way")
        FAILURE = "failure", _("Failed")
        SUCCESS_WITH_TIMEOUT = "successWithTimeout", _("Succeeded after the time had run out")
        NOT_ATTEMPTED = "notAttempted", _("Not attempted")
        DISABLED = "disabled", _("Switched off")
        SUCCESS_ON_RETRY = "successOnRetry", _("Succeeded at the second try")

    class Step(models.TextChoices):
        ENROLMENT = "enrolment", _("Registration in Intune")
        DEVICE_SETUP = "device_setup", _("Preparation of the computer")
        ACCOUNT_SETUP = "account_setup", _("Preparation of the account")

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="enrolment_attempts")
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, default=Outcome.UNKNOWN)
    deployment_time = models.DurationField(_("took in all"), null=True)
    device_setup_time = models.DurationField(_("preparation of the computer took"), null=True)
    account_setup_time = models.DurationField(_("preparation of the account took"), null=True)
    failed_step = models.CharField(_("failed at"), max_length=14, choices=Step.choices, blank=True)
    reason = models.TextField(_("reason"), blank=True, help_text=_("In Intune's own words."))
    profile_name = models.CharField(_("Autopilot profile"), max_length=300, blank=True)
    os_version = models.CharField(_("OS build"), max_length=50, blank=True)

    objects = EnrolmentAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment attempt")
        verbose_name_plural = _("enrolment attempts")
        ordering = ["-started_at"]
        constraints = [models.UniqueConstraint(fields=["device", "started_at"], name="enrolment_attempt_once")]
        indexes = [models.Index(fields=["started_at"], name="attempt_by_start")]  # outlived()

    def __str__(self) -> str:
        return f"{self.device} {self.started_at:%Y-%m-%d %H:%M}"
