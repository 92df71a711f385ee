"""The ledger of writes. A row is the work; a Celery message only says that there may be some."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deployments.models import AppVersion, AssignmentChange, ChangeSet, RingGroup, SoftwareProfile
from deployments.models.moves import Moves
from fleet.models import Device
from intune_sync.models.imports import AutopilotImport
from intune_sync.models.orders import ActionOrder
from intune_sync.own_words import in_readers_language, is_ours
from schools.models import User


def _names_its_object() -> Q:
    """Each kind has its own column, and no other kind's."""
    assigned = Q(change_set__isnull=False, change__isnull=False, intune_app_id__isnull=False)
    assigns = assigned & Q(kind="assign", profile=None, ring_group=None)
    keeps_group = (Q(profile=None) ^ Q(ring_group=None)) & Q(kind="group", change=None, intune_app_id=None)
    alone = Q(profile=None, change=None, change_set=None)
    drops_group = alone & Q(kind="drop_group", ring_group__isnull=False, intune_app_id=None)
    alone &= Q(ring_group=None)
    puts_rule_back = Q(
        kind="rule", change_set__isnull=False, profile=None, change=None, ring_group=None, intune_app_id=None
    )
    creates_app = alone & Q(kind="create_app", requested_by__isnull=False)
    marks_identity = alone & Q(kind="identity", requested_by__isnull=False, intune_app_id=None)
    imports = alone & Q(kind="import", batch__isnull=False, intune_app_id=None)
    acts = alone & Q(kind="action", order__isnull=False, device__isnull=False, epoch__isnull=False, intune_app_id=None)
    return assigns | keeps_group | drops_group | puts_rule_back | creates_app | marks_identity | imports | acts


class OperationQuerySet(models.QuerySet["Operation"]):
    def due(self, now: datetime) -> Self:
        """What a worker may claim: ready or throttled long enough, or left by a worker whose lease ran out."""
        waiting = Q(status__in=Operation.WAITING) & (Q(not_before=None) | Q(not_before__lte=now))
        left = Q(status__in=Operation.HELD, lease_expires_at__lte=now)
        return self.filter(waiting | left)

    def open(self) -> Self:
        return self.exclude(status__in=[Operation.Status.VERIFIED, Operation.Status.FAILED])

    def quarantined(self) -> Self:
        """Taken out of the queue after three tries, until somebody in IT lets them in again."""
        return self.filter(status=Operation.Status.FAILED, quarantined_at__isnull=False)


class Operation(Moves):
    """One thing in Intune or Entra to be brought to what was approved: an app's assignment list, in a roll-out once
    for each ring; the members of a group that the portal keeps, or its end; the rule of a dynamic group; an app that is
    to be created, a part of an import, the group tag or user of an Autopilot identity, or a remote action for one
    computer.

    The worker that holds the lease has the current `fence`; any later claim raises it, and a late worker's updates,
    which are conditional on its own fence, then change nothing.
    """

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("Assignments of an app")
        GROUP = "group", _("Group in Entra")
        DROP_GROUP = "drop_group", _("Group in Entra that is done with")
        RULE = "rule", _("Membership rule of a group")
        CREATE_APP = "create_app", _("New app in Intune")
        IDENTITY = "identity", _("Group tag or user in Autopilot")
        IMPORT = "import", _("Registration in Autopilot")
        ACTION = "action", _("Remote action")

    class Status(models.TextChoices):
        READY = "ready", _("Waiting for its turn")
        CLAIMED = "claimed", _("Being prepared")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent, being read back")
        THROTTLED = "throttled", _("Intune asked us to wait")
        AWAITING_APPROVAL = "awaiting_approval", _("Waiting for approval in Intune")
        UNKNOWN = "unknown", _("Sent, answer lost; being read back")
        VERIFIED = "verified", _("Confirmed in Intune")
        FAILED = "failed", _("Failed")

    class Problem(models.TextChoices):
        """What went wrong last, or what the operation waits for."""

        NO_GROUP = "no_group", _("The group that the app is to be assigned to could not be created.")
        GROUP_GONE = "group_gone", _("The group is no longer in Entra. It is created again with the next change.")
        FILLING = "filling", _("The group has many computers; they are put in a part at a time.")
        NOT_OURS = "not_ours", _("The group in Entra is not the one that the portal made, so it is left alone.")
        RULE_CHANGED = "rule_changed", _("Somebody has changed the group’s rule again since this was approved.")
        RULE_GONE = "rule_gone", _("The group whose rule was to be put back is no longer in Entra.")
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
        NOT_APPROVED = "not_approved", _("Nobody approved it in Intune in time. Ask for it again.")
        STOPPED = "stopped", _("All writing to Intune is stopped. It goes on when the stop is released.")
        POISON = "poison", _("It stopped the worker three times and was set aside. The log has the details.")
        DEVICE_GONE = "device_gone", _("The computer is no longer in Intune.")
        NO_USER = "no_user", _("There is no such user in Entra.")
        IMPORTING = "importing", _("Intune is registering the computers.")
        IMPORT_LATE = "import_late", _("Intune did not finish the import within an hour.")
        SETTLING = "settling", _("It may have been sent; Intune is asked whether it was. It is not sent again.")
        NEVER_SEEN = (
            "never_seen",
            _("It may have been sent, but Intune does not show it. It is not sent again; look at the computer."),
        )
        CAPPED = "capped", _("As many as are allowed in this time have been sent; it waits.")
        VOIDED = "voided", _("It belongs to the time before a backup was restored and is not sent. Ask for it again.")
        UNEXPECTED = "unexpected", _("Something unexpected happened; the log has the details.")

    SET_ASIDE: ClassVar[dict[str, str | Promise]] = {
        "answer_lost": _(
            "Intune’s answer was lost each time. Whether the change got there is read when it is tried again."
        ),
        "no_effect": _("Intune took the change each time, and never showed it."),
    }
    """What is said of these problems once an operation has failed: nothing goes on by itself then."""

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "ready": frozenset({"claimed", "failed"}),
        "throttled": frozenset({"claimed", "failed"}),
        "unknown": frozenset({"claimed", "failed"}),
        "awaiting_approval": frozenset({"claimed", "failed"}),
        "claimed": frozenset({"claimed", "sending", "verified", "throttled", "ready", "unknown", "failed"}),
        "sending": frozenset({"claimed", "sent", "throttled", "awaiting_approval", "unknown", "failed"}),
        "sent": frozenset({"claimed", "verified", "ready", "unknown", "throttled", "failed"}),
        "failed": frozenset({"ready"}),
    }
    NAMES_OF_SUBJECT: ClassVar[list[str]] = [
        "change__app_version__application",
        "profile__class_group__school",
        "profile__device__school",
        "ring_group__rollout",
        "ring_group__ring",
        "device",
        "order",
        "batch",
    ]
    """For `select_related`: all that `subject` names."""
    AT_INTUNE: ClassVar[list[str]] = ["importing", "no_effect", "filling"]
    """Problems of an operation that Intune has taken, and has not finished."""
    HELD: ClassVar[list[str]] = ["claimed", "sending", "sent"]
    WAITING: ClassVar[list[str]] = ["ready", "throttled", "unknown", "awaiting_approval"]

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.ASSIGN)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="operations")
    change = models.ForeignKey(AssignmentChange, on_delete=models.PROTECT, null=True, related_name="operations")
    stage = models.PositiveSmallIntegerField(
        _("stage"), default=0, help_text=_("Number of the roll-out’s ring that it writes; 0 without rings.")
    )
    profile = models.ForeignKey(SoftwareProfile, on_delete=models.PROTECT, null=True, related_name="operations")
    ring_group = models.ForeignKey(RingGroup, on_delete=models.PROTECT, null=True, related_name="operations")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="operations")
    order = models.ForeignKey(ActionOrder, on_delete=models.PROTECT, null=True, related_name="operations")
    batch = models.ForeignKey(AutopilotImport, on_delete=models.PROTECT, null=True, related_name="operations")
    intune_app_id = models.UUIDField(null=True)
    desired = models.JSONField(
        help_text=_("Our own assignments after the write, as Graph wants them and sorted; or what is to be so.")
    )
    reason = models.TextField(_("reason"), blank=True, help_text=_("Sent along where Intune asks for a justification."))
    lane = models.CharField(max_length=40, blank=True, help_text=_("Whom it is for; lanes are served in turn."))
    is_destructive = models.BooleanField(default=False, help_text=_("Sent once at most, whatever happens."))
    epoch = models.PositiveIntegerField(null=True)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.READY)
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
    in_doubt = models.BooleanField(
        default=False, help_text=_("It may have been carried out: kept before the call, until the outcome is known.")
    )
    approval_since = models.DateTimeField(_("waiting for approval in Intune since"), null=True)
    approval_code = models.CharField(
        max_length=100, blank=True, help_text=_("By which Intune knows the request that waits for approval there.")
    )
    quarantined_at = models.DateTimeField(_("set aside"), null=True)
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
                fields=["ring_group"],
                condition=~Q(status__in=["verified", "failed"]),
                name="one_open_operation_per_ring_group",
            ),
            models.UniqueConstraint(fields=["change", "stage"], name="app_once_per_stage"),
            models.UniqueConstraint(
                fields=["device"],
                condition=Q(is_destructive=True) & ~Q(status__in=["verified", "failed"]),
                name="one_open_destructive_action",
            ),
            models.UniqueConstraint(
                fields=["order", "device"], condition=Q(order__isnull=False), name="ordered_once_for_a_device"
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
        """What it is about: the app, or whose group it is."""
        if self.kind == self.Kind.ASSIGN:
            return str(self.change)
        if self.kind in (self.Kind.GROUP, self.Kind.DROP_GROUP, self.Kind.RULE):
            return self._group
        if self.kind == self.Kind.IMPORT:
            return str(self.batch)
        if self.order:
            return f"{self.order.get_action_display()}: {self.device}"
        if self.kind == self.Kind.IDENTITY:
            return f"Autopilot: {self.device or self.desired['serial_number']}"
        return str(self.desired["name"])

    @property
    def _group(self) -> str:
        if self.kind == self.Kind.RULE:
            return gettext("Rule of the group %(group)s") % {"group": self.desired["name"]}
        return gettext("Group for %(container)s") % {"container": self.profile or self.ring_group}

    def get_problem_display(self) -> str:  # type: ignore[no-redef]
        return problem_in_words(self.status, self.problem)

    @property
    def shown_status(self) -> str:
        """What Intune has taken and works on is shown as sent: its answer was not lost."""
        is_taken = self.status == self.Status.UNKNOWN and self.problem in self.AT_INTUNE
        return self.Status.SENT if is_taken else self.status

    @property
    def shown_status_label(self) -> str:
        return str(self.Status(self.shown_status).label)

    @property
    def said(self) -> str:
        """Why the last call failed: Intune's own words, or ours when Intune could not be asked."""
        if not self.error or is_ours(self.error):
            return in_readers_language(self.error)
        return gettext("Intune said: “%(said)s”") % {"said": self.error}


def problem_in_words(status: str, problem: str) -> str:
    """Empty without a problem, or for one that this release does not know."""
    if status == Operation.Status.FAILED and problem in Operation.SET_ASIDE:
        return str(Operation.SET_ASIDE[problem])
    return str(Operation.Problem(problem).label) if problem in Operation.Problem else ""


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
