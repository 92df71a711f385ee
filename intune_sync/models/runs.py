"""Each pull from Graph is a row: what was asked, what came, and why nothing happened when nothing did."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deployments.models.moves import Moves
from schools.models import User


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("intune_sync.view_syncrun") else self.none()

    def open(self) -> Self:
        return self.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING])

    def complete(self) -> Self:
        """Runs whose answer was whole, so that absence in it means something."""
        return self.filter(status__in=[SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES])


class SyncRun(Moves):
    class Resource(models.TextChoices):
        """In the order in which a full pull runs them."""

        GROUPS = "groups", _("Entra groups")
        AUTOPILOT = "autopilot", _("Autopilot identities")
        DEVICES = "devices", _("Managed devices")
        APPS = "apps", _("Apps and assignments")
        INSTALL_STATUS = "install_status", _("Install status")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        PERSON = "person", _("A person")
        COMMAND = "command", _("Command line")
        CHANGE_SET = "change_set", _("A change being written")

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        CHANGED = "changed", _("Done, with changes")
        NO_CHANGES = "no_changes", _("Done, nothing had changed")
        SKIPPED_BUSY = "skipped_busy", _("Skipped: another run was under way")
        UNSAFE = "unsafe", _("Stopped: the answer looked wrong")
        FAILED = "failed", _("Failed")
        ABANDONED = "abandoned", _("Abandoned: the worker disappeared")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "queued": frozenset({"running", "skipped_busy"}),
        "running": frozenset({"changed", "no_changes", "unsafe", "failed", "abandoned", "skipped_busy"}),
    }

    resource = models.CharField(_("what"), max_length=20, choices=Resource.choices)
    trigger = models.CharField(_("started by"), max_length=12, choices=Trigger.choices)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    created_at = models.DateTimeField(_("queued"), auto_now_add=True)
    not_before = models.DateTimeField(null=True, help_text=_("Graph asked to wait until then."))
    started_at = models.DateTimeField(_("started"), null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text=_("The worker's last sign of life."))
    finished_at = models.DateTimeField(_("finished"), null=True)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    throttled = models.PositiveIntegerField(_("times throttled"), default=0)
    counts = models.JSONField(_("counts"), default=dict, help_text=_("Seen, created, updated, missing, unmatched."))
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it failed, or why nothing happened."))
    approved_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Who let this run through although the answer had shrunk."),
    )

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["resource"], condition=Q(status="queued"), name="one_queued_run_per_resource"
            ),
            models.UniqueConstraint(
                fields=["resource"], condition=Q(status="running"), name="one_running_run_per_resource"
            ),
        ]
        indexes = [models.Index(fields=["resource", "-finished_at"], name="runs_of_resource")]  # freshness

    def __str__(self) -> str:
        return f"{self.get_resource_display()} {self.pk}"

    def looks_dead(self, now: datetime, after_seconds: int = 120) -> bool:
        seen = self.heartbeat_at or self.started_at
        return self.status == self.Status.RUNNING and seen is not None and (now - seen).total_seconds() > after_seconds
