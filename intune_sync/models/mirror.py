"""Intune and Entra objects that have no home lower in the house, as Graph last sent them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from intune_sync.models.runs import SyncRun
from schools.models import User


class IntuneApp(models.Model):
    """A mobileApp. `deployments.AppVersion.intune_app_id` links the ones that the catalogue has taken up."""

    graph_id = models.UUIDField(unique=True)
    display_name = models.CharField(_("name"), max_length=300)
    publisher = models.CharField(_("publisher"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True)
    app_type = models.CharField(_("app type"), max_length=60)
    version = models.CharField(_("version"), max_length=100, blank=True)
    size_bytes = models.BigIntegerField(_("size"), null=True)
    minimum_disk_mb = models.PositiveIntegerField(_("free disk needed (MB)"), null=True)
    minimum_memory_mb = models.PositiveIntegerField(_("memory needed (MB)"), null=True)
    minimum_os = models.CharField(_("oldest operating system"), max_length=50, blank=True)
    publishing_state = models.CharField(_("publishing state"), max_length=20, blank=True)
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0)  # complete answers without it
    missing_since = models.DateTimeField(null=True)
    install_counts = models.JSONField(
        default=dict, help_text=_("Computers by install state in Intune's summary when the details were last read.")
    )
    installs_read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Intune app")
        verbose_name_plural = _("Intune apps")
        ordering = ["display_name", "id"]

    def __str__(self) -> str:
        return self.display_name


class IntuneAssignment(models.Model):
    """One entry of an app's assignment list, whole and unaltered in `raw` (from beta, where filters exist)."""

    app = models.ForeignKey(IntuneApp, on_delete=models.CASCADE, related_name="assignments")
    graph_id = models.CharField(max_length=200)
    key = models.CharField(
        max_length=200, help_text=_("What it aims at: target type, group id, intent; see payloads.assignment_key.")
    )
    intent = models.CharField(_("intent"), max_length=30)
    group_id = models.UUIDField(null=True)
    is_exclusion = models.BooleanField(default=False)
    raw = models.JSONField()

    class Meta:
        verbose_name = _("Intune assignment")
        verbose_name_plural = _("Intune assignments")
        ordering = ["app", "key"]
        constraints = [models.UniqueConstraint(fields=["app", "graph_id"], name="intune_assignment_once")]

    def __str__(self) -> str:
        return f"{self.app}: {self.key}"


class IntuneGroup(models.Model):
    graph_id = models.UUIDField(unique=True)
    display_name = models.CharField(_("name"), max_length=300)
    membership_rule = models.TextField(_("membership rule"), blank=True)
    member_count = models.PositiveIntegerField(_("members"), null=True)
    members_read_at = models.DateTimeField(
        null=True, help_text=_("Since when the computers in it are known one by one; only for groups of ours.")
    )
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0)  # complete answers without it
    missing_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Entra group")
        verbose_name_plural = _("Entra groups")
        ordering = ["display_name", "id"]

    def __str__(self) -> str:
        return self.display_name


class UnmatchedRecordQuerySet(models.QuerySet["UnmatchedRecord"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("intune_sync.view_syncrun") else self.none()


class UnmatchedRecord(models.Model):
    """A row that Graph sent and that we cannot tie to one computer, with the reason; never guessed at."""

    class Reason(models.TextChoices):
        PLACEHOLDER_SERIAL = "placeholder_serial", _("The serial number is a placeholder that many computers share")
        DUPLICATE_SERIAL = "duplicate_serial", _("Several records have this serial number; the newest was used")
        UNKNOWN_SCHOOL = "unknown_school", _("No school has this group tag")
        NO_SERIAL = "no_serial", _("There is no serial number")
        AMBIGUOUS_GROUP = "ambiguous_group", _("Several groups have the rule of one school; none of them is used")

    resource = models.CharField(_("what"), max_length=20)
    graph_id = models.CharField(max_length=100)
    serial_number = models.CharField(_("serial number"), max_length=100, blank=True)
    label = models.CharField(_("name"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))

    objects = UnmatchedRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("unmatched record")
        verbose_name_plural = _("unmatched records")
        ordering = ["resource", "reason", "label"]
        constraints = [models.UniqueConstraint(fields=["resource", "graph_id"], name="unmatched_once")]

    def __str__(self) -> str:
        return f"{self.label}: {self.get_reason_display()}"

    @property
    def resource_label(self) -> str:
        return str(SyncRun.Resource(self.resource).label)
