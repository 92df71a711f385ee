"""Each pull from Graph is a row: what was asked, what came, and why nothing happened when nothing did."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.moves import InvalidMove, Moves
from intune_sync.reasons import explain
from schools.models import User


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("intune_sync.view_syncrun") else self.none()

    def open(self) -> Self:
        return self.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING])

    def due(self, now: datetime) -> Self:
        """Queued, not asked to wait, and neither its own resource nor one that it builds on is being read."""
        ready = self.filter(Q(not_before=None) | Q(not_before__lte=now), status=SyncRun.Status.QUEUED)
        running = SyncRun.objects.filter(status=SyncRun.Status.RUNNING, resource=OuterRef("resource"))
        ready = ready.exclude(Exists(running))
        for resource, earlier in SyncRun.AFTER.items():
            ready = ready.exclude(Q(resource=resource) & Exists(SyncRun.objects.open().filter(resource__in=earlier)))
        return ready

    def latest_of_each_resource(self) -> Self:
        return self.order_by("resource", "-finished_at", "-id").distinct("resource")

    def complete(self) -> Self:
        """Runs whose answer was whole, so that absence in it means something."""
        return self.filter(status__in=[SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES])


class SyncRun(Moves):
    class Resource(models.TextChoices):
        """In the order in which a full pull runs them."""

        GROUPS = "groups", _("Entra groups")
        AUTOPILOT = "autopilot", _("Autopilot identities")
        DEVICES = "devices", _("Managed devices")
        ENTRA_DEVICES = "entra_devices", _("Computers in Entra")
        COMPLIANCE = "compliance", _("Unmet compliance settings")
        ENROLMENTS = "enrolments", _("Enrolment attempts")
        APPS = "apps", _("Apps and assignments")
        FILTERS = "filters", _("Assignment filters")
        PROFILES = "profiles", _("Autopilot profiles")
        INSTALL_STATUS = "install_status", _("Install status")
        DETECTED_APPS = "detected_apps", _("Detected software")

    class Mode(models.TextChoices):
        FULL = "full", _("Everything")
        WINDOW = "window", _("What has changed")

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
        "running": frozenset({"changed", "no_changes", "unsafe", "failed", "abandoned", "queued"}),
    }
    ENDED: ClassVar[list[str]] = ["changed", "no_changes", "skipped_busy", "unsafe", "failed", "abandoned"]
    AFTER: ClassVar[dict[str, list[str]]] = {
        "devices": ["autopilot"],
        "entra_devices": ["autopilot", "devices"],
        "compliance": ["devices"],
        "enrolments": ["devices"],
        "install_status": ["devices", "apps"],
        "detected_apps": ["apps"],
    }
    """What a resource waits for when that is queued or running: its rows point at theirs."""
    AT_MOST_EVERY: ClassVar[dict[str, timedelta]] = {
        "detected_apps": timedelta(days=1),
        "profiles": timedelta(hours=1),
        "compliance": timedelta(hours=1),
        "enrolments": timedelta(hours=1),
    }
    """Resources that change too slowly to be read at each interval."""
    WINDOWED: ClassVar[frozenset[str]] = frozenset({"devices", "groups", "entra_devices"})
    """Resources of which Graph can be asked for changes alone; the others are always read whole."""

    resource = models.CharField(_("what"), max_length=20, choices=Resource.choices)
    mode = models.CharField(
        _("how much"),
        max_length=6,
        choices=Mode.choices,
        default=Mode.FULL,
        help_text=_("Nothing is concluded from what is absent among changes; only a whole answer can tell that."),
    )
    trigger = models.CharField(_("started by"), max_length=12, choices=Trigger.choices)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    created_at = models.DateTimeField(_("queued"), auto_now_add=True)
    not_before = models.DateTimeField(null=True, help_text=_("Graph asked to wait until then."))
    turn = models.PositiveSmallIntegerField(
        _("turns"),
        default=0,
        help_text=_("How often a worker took it up. A worker of an earlier turn changes nothing."),
    )
    started_at = models.DateTimeField(_("started"), null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text=_("The worker's last sign of life."))
    finished_at = models.DateTimeField(_("finished"), null=True)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    throttled = models.PositiveIntegerField(_("times throttled"), default=0)
    counts = models.JSONField(_("counts"), default=dict, help_text=_("Seen, created, updated, missing, unmatched."))
    reason = models.CharField(
        _("reason"),
        max_length=30,
        blank=True,
        help_text=_("Why it failed or waits, as a code; `explanation` has words."),
    )
    reason_data = models.JSONField(default=dict, help_text=_("What the explanation names: numbers, what Graph said."))
    rest = models.JSONField(default=dict, help_text=_("What a run that takes several turns has still to do."))
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

    @property
    def explanation(self) -> str:
        """The reason as a sentence in the reader's language."""
        return explain(self.reason, self.reason_data)

    @property
    def duration(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    def get_absolute_url(self) -> str:
        return reverse("intune_sync:sync_run", args=[self.pk])

    @property
    def may_be_released(self) -> bool:
        """Unsafe, and this resource has not been read whole since."""
        later = SyncRun.objects.filter(resource=self.resource, mode=self.Mode.FULL, id__gt=self.pk)
        return self.status == self.Status.UNSAFE and not later.complete().exists()

    def require_releasable(self) -> None:
        if not self.may_be_released:
            raise InvalidMove(self.status, self.get_status_display())
