"""A computer of the municipality: what people decided about it, and what Intune last said of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fleet.models.condition import BREAKS_RULES, STALE_AFTER, Condition, condition_case, conditions, enrolled
from fleet.models.hardware import HardwareModel, Platform
from schools.models import ClassGroup, School, User


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.access.schools_q("fleet.view_device", "school_id"))

    def for_list(self) -> Self:
        return self.select_related("school", "hardware_model")

    def with_condition(self, now: datetime) -> Self:
        """Each row gets `condition`, a value of `Condition`."""
        return self.annotate(condition=condition_case(now))

    def in_condition(self, condition: str, now: datetime) -> Self:
        return self.filter(conditions(now)[Condition(condition)])

    def stale(self, now: datetime, after: timedelta = STALE_AFTER) -> Self:
        """Enrolled, not missing, and silent for longer than `after`."""
        return self.filter(conditions(now, after)[Condition.SILENT])

    def enrolled(self) -> Self:
        return self.filter(enrolled())

    def not_enrolled(self) -> Self:
        """Known to Autopilot, never started by anybody."""
        return self.filter(intune_id=None, missing_since=None)

    def missing(self) -> Self:
        """Gone from Intune in two complete answers."""
        return self.exclude(missing_since=None)

    def noncompliant(self) -> Self:
        return self.enrolled().filter(compliance_state__in=BREAKS_RULES)

    def matching(self, text: str) -> Self:
        """Those whose name or serial number contains `text`, upper and lower case alike."""
        return self.filter(Q(observed_name__icontains=text) | Q(serial_number__icontains=text))


class Device(models.Model):
    """The physical computer, known by its serial number."""

    class Lifecycle(models.TextChoices):
        ORDERED = "ordered", _("Ordered")
        REGISTERED = "registered", _("Registered")
        DELIVERED = "delivered", _("Delivered")
        IN_USE = "in_use", _("In use")
        IN_REPAIR = "in_repair", _("In repair")
        ON_LOAN = "on_loan", _("On loan")
        RETIRED = "retired", _("Retired")

    class Enrollment(models.TextChoices):
        """Intune's `enrollmentState` of an Autopilot identity; a value we do not know becomes unknown."""

        UNKNOWN = "unknown", _("Unknown")
        ENROLLED = "enrolled", _("Enrolled")
        PENDING_RESET = "pendingReset", _("Waiting for reset")
        FAILED = "failed", _("Enrolment failed")
        NOT_CONTACTED = "notContacted", _("Not started yet")
        BLOCKED = "blocked", _("Blocked")

    class ProfileStatus(models.TextChoices):
        """Intune's `deploymentProfileAssignmentStatus` of an Autopilot identity, with its spelling."""

        UNKNOWN = "unknown", _("Unknown")
        IN_SYNC = "assignedInSync", _("Profile assigned")
        OUT_OF_SYNC = "assignedOutOfSync", _("Profile assigned, to be updated")
        SYNC_UNKNOWN = "assignedUnkownSyncState", _("Profile assigned, not confirmed yet")
        NOT_ASSIGNED = "notAssigned", _("No profile")
        PENDING = "pending", _("Profile on its way")
        FAILED = "failed", _("The profile could not be assigned")

    class Compliance(models.TextChoices):
        """Intune's `complianceState` of a managed device."""

        UNKNOWN = "unknown", _("Unknown")
        COMPLIANT = "compliant", _("Compliant")
        NONCOMPLIANT = "noncompliant", _("Not compliant")
        CONFLICT = "conflict", _("Conflict")
        ERROR = "error", _("Error")
        IN_GRACE_PERIOD = "inGracePeriod", _("In grace period")
        CONFIG_MANAGER = "configManager", _("Managed by Configuration Manager")

    # Decided by people.
    serial_number = models.CharField(_("serial number"), max_length=100)
    platform = models.CharField(_("platform"), max_length=10, choices=Platform.choices)
    hardware_model = models.ForeignKey(
        HardwareModel, on_delete=models.PROTECT, related_name="devices", verbose_name=_("model")
    )
    school = models.ForeignKey(
        School, on_delete=models.PROTECT, null=True, blank=True, related_name="devices", verbose_name=_("school")
    )
    class_group = models.ForeignKey(
        ClassGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="devices"
    )
    lifecycle = models.CharField(_("lifecycle"), max_length=12, choices=Lifecycle.choices, default=Lifecycle.IN_USE)
    created_at = models.DateTimeField(auto_now_add=True)

    # Observed in Intune; written by the sync engine alone.
    autopilot_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    intune_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    entra_device_id = models.UUIDField(null=True, blank=True, editable=False)
    entra_object_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text=_("By which groups in Entra name it; looked up when needed.")
    )
    observed_name = models.CharField(_("computer name"), max_length=100, blank=True, editable=False)
    observed_group_tag = models.CharField(_("group tag"), max_length=100, blank=True, editable=False)
    enrollment_state = models.CharField(
        _("enrolment state"), max_length=20, choices=Enrollment.choices, default=Enrollment.UNKNOWN, editable=False
    )
    profile_status = models.CharField(
        _("Autopilot profile"),
        max_length=30,
        choices=ProfileStatus.choices,
        default=ProfileStatus.UNKNOWN,
        db_default=ProfileStatus.UNKNOWN,
        editable=False,
    )
    compliance_state = models.CharField(
        _("compliance"), max_length=20, choices=Compliance.choices, default=Compliance.UNKNOWN, editable=False
    )
    os_version = models.CharField(_("OS build"), max_length=50, blank=True, editable=False)
    storage_total_bytes = models.BigIntegerField(_("storage"), null=True, editable=False)
    storage_free_bytes = models.BigIntegerField(_("free storage"), null=True, editable=False)
    enrolled_at = models.DateTimeField(_("enrolled"), null=True, editable=False)
    last_check_in_at = models.DateTimeField(_("last check-in"), null=True, editable=False)
    absent_runs = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text=_("Complete answers in a row without this computer.")
    )
    # In a row: lists of Autopilot without this computer's identity, and of Entra without its object.
    autopilot_absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    entra_absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    missing_since = models.DateTimeField(_("missing since"), null=True, editable=False)

    condition: str  # a value of `Condition`, on rows read with `with_condition`

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("computer")
        verbose_name_plural = _("computers")
        constraints = [
            models.UniqueConstraint(Upper("serial_number"), name="device_serial_number_once"),
        ]
        indexes = [
            models.Index(fields=["observed_name", "id"], name="device_by_name"),  # the list's first order, keyset
            models.Index(fields=["serial_number", "id"], name="device_by_serial"),  # order by serial, keyset
            models.Index(fields=["last_check_in_at", "id"], name="device_by_check_in"),  # order and stale()
            models.Index(fields=["school", "observed_name", "id"], name="device_at_school"),  # a school's list
        ]

    def __str__(self) -> str:
        return self.observed_name or self.serial_number

    def get_absolute_url(self) -> str:
        return reverse("deployments:device", args=[self.pk])
