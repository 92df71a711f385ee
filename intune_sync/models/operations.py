"""The ledger of writes. A row is the work; a Celery message only says that there may be some."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deployments.models import AppVersion, AssignmentChange, ChangeSet, SoftwareProfile
from deployments.models.moves import Moves
from intune_sync.own_words import in_readers_language, is_ours
from schools.models import User


def _names_its_object() -> Q:
    """Each kind has its own column, and no other kind's."""
    assigned = Q(change_set__isnull=False, change__isnull=False, intune_app_id__isnull=False)
    assigns = assigned & Q(kind="assign", profile=None)
    keeps_group = Q(kind="group", profile__isnull=False, change=None, intune_app_id=None)
    creates_app = Q(kind="create_app", requested_by__isnull=False, profile=None, change=None, change_set=None)
    return assigns | keeps_group | creates_app


class OperationQuerySet(models.QuerySet["Operation"]):
    def due(self, now: datetime) -> Self:
        """What a worker may claim: ready or throttled long enough, or left by a worker whose lease ran out."""
        waiting = Q(status__in=["ready", "throttled", "unknown"]) & (Q(not_before=None) | Q(not_before__lte=now))
        left = Q(status__in=Operation.HELD, lease_expires_at__lte=now)
        return self.filter(waiting | left)

    def open(self) -> Self:
        return self.exclude(status__in=[Operation.Status.VERIFIED, Operation.Status.FAILED])


class Operation(Moves):
    """One thing in Intune or Entra to be brought to what was approved: an app's assignment list, the members of a
    group that the portal keeps, or an app that is to be created.

    The worker that holds the lease has the current `fence`; any later claim raises it, and a late worker's updates,
    which are conditional on its own fence, then change nothing.
    """

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("Assignments of an app")
        GROUP = "group", _("Group in Entra")
        CREATE_APP = "create_app", _("New app in Intune")

    class Status(models.TextChoices):
        READY = "ready", _("Waiting for its turn")
        CLAIMED = "claimed", _("Being prepared")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent, being read back")
        THROTTLED = "throttled", _("Intune asked us to wait")
        UNKNOWN = "unknown", _("Sent, answer lost; being read back")
        VERIFIED = "verified", _("Confirmed in Intune")
        FAILED = "failed", _("Failed")

    class Problem(models.TextChoices):
        """What went wrong last, or what the operation waits for."""

        NO_GROUP = "no_group", _("The group that the app is to be assigned to could not be created.")
        GROUP_GONE = "group_gone", _("The group is no longer in Entra. It is created again with the next change.")
        NOT_SEEN = "not_seen", _("The group has just been created and cannot be read everywhere yet.")
        APP_GONE = "app_gone", _("The app is no longer in Intune.")
        NOT_PUBLISHED = "not_published", _("The app is not published in Intune yet.")
        FOREIGN = "foreign", _("Somebody has assigned the app in Intune in a way that this change must not overwrite.")
        REFUSED = "refused", _("Intune refused the change.")
        FORBIDDEN = "forbidden", _("The portal lacks a permission in Intune for this.")
        CONTESTED = "contested", _("Somebody else keeps changing the app’s assignments at the same time.")
        NO_EFFECT = "no_effect", _("Intune took the change, but does not show it yet.")
        ANSWER_LOST = "answer_lost", _("Intune’s answer was lost. It is read whether the change got there.")
        UNAVAILABLE = "unavailable", _("Intune does not answer. The portal tries again by itself.")
        SIGN_IN = "sign_in", _("Intune does not accept the portal’s sign-in. The portal tries again by itself.")
        THROTTLED = "throttled", _("Intune asked the portal to wait.")
        WORKER_LOST = "worker_lost", _("The worker disappeared in the middle, three times.")
        UNEXPECTED = "unexpected", _("Something unexpected happened; the log has the details.")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "ready": frozenset({"claimed", "failed"}),
        "throttled": frozenset({"claimed", "failed"}),
        "unknown": frozenset({"claimed", "failed"}),
        "claimed": frozenset({"claimed", "sending", "verified", "throttled", "ready", "failed"}),
        "sending": frozenset({"claimed", "sent", "throttled", "unknown", "failed"}),
        "sent": frozenset({"claimed", "verified", "ready", "unknown", "throttled", "failed"}),
        "failed": frozenset({"ready"}),
    }
    NAMES_OF_SUBJECT: ClassVar[list[str]] = [
        "change__app_version__application",
        "profile__class_group__school",
        "profile__device__school",
    ]
    """For `select_related`: all that `subject` names."""
    HELD: ClassVar[list[str]] = ["claimed", "sending", "sent"]

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.ASSIGN)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="operations")
    change = models.OneToOneField(AssignmentChange, on_delete=models.PROTECT, null=True, related_name="operation")
    profile = models.ForeignKey(SoftwareProfile, on_delete=models.PROTECT, null=True, related_name="operations")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    intune_app_id = models.UUIDField(null=True)
    desired = models.JSONField(
        help_text=_("Our own assignments after the write, as Graph wants them and sorted; or the app to be created.")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.READY)
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True)
    request_hash = models.CharField(
        max_length=64, blank=True, help_text=_("SHA-256 of the body, kept before it is sent.")
    )
    client_request_id = models.UUIDField(null=True)
    request_id = models.CharField(
        max_length=64, blank=True, help_text=_("Microsoft's id of the call, for their support.")
    )
    problem = models.CharField(_("problem"), max_length=14, choices=Problem.choices, blank=True)
    error = models.TextField(_("error"), blank=True, help_text=_("Intune’s own words, where it said something."))
    waits = models.PositiveSmallIntegerField(
        default=0, help_text=_("Times in a row that Intune was busy or away; they are not counted as attempts.")
    )
    merges = models.PositiveSmallIntegerField(
        default=0, help_text=_("Times that somebody else wrote meanwhile, so that both had to be merged again.")
    )
    before = models.JSONField(null=True, help_text=_("The app's whole assignment list as read before the write."))
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=_names_its_object(), name="operation_names_its_object"),
            models.UniqueConstraint(
                fields=["profile"],
                condition=~Q(status__in=["verified", "failed"]),
                name="one_open_operation_per_group",
            ),
            models.UniqueConstraint(
                fields=["intune_app_id"],
                condition=Q(status__in=["claimed", "sending", "sent"]),
                name="one_writer_per_app",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["claimed", "sending", "sent"]) | Q(lease_expires_at__isnull=False),
                name="held_operation_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(  # due(): the few rows that are not finished
                fields=["not_before", "id"], condition=~Q(status__in=["verified", "failed"]), name="operations_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.get_status_display()}"

    @property
    def assignment(self) -> tuple[AssignmentChange, UUID]:
        """The change and the app that an operation of that kind writes. Raises LookupError for another kind."""
        if self.change is None or self.intune_app_id is None:
            raise LookupError(f"operation {self.pk} assigns nothing")
        return self.change, self.intune_app_id

    @property
    def subject(self) -> str:
        """What it is about: the app, or the container whose group it is."""
        if self.kind == self.Kind.ASSIGN:
            return str(self.change)
        if self.kind == self.Kind.GROUP:
            return gettext("Group for %(container)s") % {"container": self.profile}
        return str(self.desired["name"])

    @property
    def said(self) -> str:
        """Why the last call failed: Intune's own words, or ours when Intune could not be asked."""
        if not self.error or is_ours(self.error):
            return in_readers_language(self.error)
        return gettext("Intune said: “%(said)s”") % {"said": self.error}


class OwnedAssignment(models.Model):
    """An assignment that this portal wrote or took over. Everything else in an app's list is foreign and stays."""

    app_version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, related_name="owned_assignments")
    key = models.CharField(max_length=200, help_text=_("As `IntuneAssignment.key`."))
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("owned assignment")
        verbose_name_plural = _("owned assignments")
        constraints = [models.UniqueConstraint(fields=["app_version", "key"], name="owned_assignment_once")]

    def __str__(self) -> str:
        return f"{self.app_version}: {self.key}"
