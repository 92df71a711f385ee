"""Computers that are registered in Autopilot from a file, and what Intune said of each row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from schools.models import School, User


class AutopilotImport(models.Model):
    """One file. Its rows go to Intune by 200 at most, each such part an operation of its own."""

    file_name = models.CharField(_("file"), max_length=200)
    school = models.ForeignKey(School, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("school"))
    group_tag = models.CharField(_("group tag"), max_length=100, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    asked_sync_at = models.DateTimeField(null=True, help_text=_("When Intune was last asked to process the import."))

    class Meta:
        verbose_name = _("Autopilot import")
        verbose_name_plural = _("Autopilot imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("intune_sync:import", args=[self.pk])


class ImportRow(models.Model):
    """A computer of the file. `record_id` is the imported record in Intune, `registration_id` the Autopilot identity
    that it becomes."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for its turn")
        PENDING = "pending", _("Being registered")
        REGISTERED = "registered", _("Registered, not shown by Intune yet")
        DONE = "done", _("In Autopilot")
        ALREADY = "already", _("Was in Autopilot already")
        FAILED = "failed", _("Refused")

    class Fault(models.TextChoices):
        """What Intune's error codes of an import mean."""

        BAD_REQUEST = "801", _("Intune did not understand the import. Tell whoever looks after the portal.")
        BAD_HASH = "802", _("The hardware hash is damaged. Ask the supplier for a new one.")
        NO_SERIAL = "803", _("The row has neither serial number nor product id.")
        ALREADY = "806", _("The computer is registered here already. Group tag and user are set separately.")
        ELSEWHERE = (
            "808",
            _("The computer belongs to another organisation. Only the supplier or Microsoft can release it."),
        )
        TWICE = "twice", _("The computer is in the import twice.")
        NO_USER = "no_user", _("There is no such user in Entra, so the computer was not sent.")
        NO_ANSWER = "no_answer", _("Intune did not finish the row within an hour.")
        OTHER = "other", _("Intune refused the row.")

    SETTLED: ClassVar[list[str]] = ["done", "already", "failed"]

    batch = models.ForeignKey(AutopilotImport, on_delete=models.CASCADE, related_name="rows")
    operation = models.ForeignKey(
        "intune_sync.Operation", on_delete=models.PROTECT, null=True, related_name="import_rows"
    )
    place = models.PositiveIntegerField(_("row"))
    serial_number = models.CharField(_("serial number"), max_length=100)
    product_key = models.CharField(max_length=100, blank=True)
    hardware_hash = models.TextField(blank=True, help_text=_("Base64; emptied when the row is settled."))
    user_principal_name = models.CharField(_("user"), max_length=200, blank=True)
    group_tag = models.CharField(_("group tag"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    fault = models.CharField(_("problem"), max_length=10, choices=Fault.choices, blank=True)
    error = models.CharField(max_length=200, blank=True, help_text=_("Intune’s code and name of the error."))
    record_id = models.UUIDField(null=True)
    registration_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of an import")
        ordering = ["batch", "place"]
        constraints = [models.UniqueConstraint(fields=["batch", "place"], name="import_row_place_once")]

    def __str__(self) -> str:
        return self.serial_number
