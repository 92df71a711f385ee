"""Change sets: a decided revision on its way into Intune, as a frozen and approved plan."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import AppVersion
from deployments.models.baselines import BaselineRevision
from deployments.models.moves import Moves
from fleet.models import Device
from schools.models import User


class ChangeSetQuerySet(models.QuerySet["ChangeSet"]):
    def visible_to(self, user: User) -> Self:
        """All for municipality-wide readers; a school's people see those that concern computers of their school."""
        access = user.access
        if access.reads_all("deployments.view_changeset"):
            return self
        concerned = ChangeTarget.objects.filter(
            change__change_set=models.OuterRef("pk"),
            device__school__in=access.school_ids("deployments.view_changeset"),
        )
        return self.exclude(status__in=ChangeSet.PREPARING).filter(models.Exists(concerned))

    def open(self) -> Self:
        return self.exclude(status__in=ChangeSet.ENDED)


class ChangeSet(Moves):
    """What takes the fleet from the active revision to another.

    `plan` is the frozen plan: `{"snapshot": {...}, "changes": [...], "calls": [...], "warnings": [...]}`, written by
    the sync engine, which alone knows the Graph calls; `plan_hash` is its SHA-256, and an approval holds for that hash.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PLANNED = "planned", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        APPLYING = "applying", _("Being written to Intune")
        APPLIED = "applied", _("Written to Intune")
        FAILED = "failed", _("Needs attention")
        REJECTED = "rejected", _("Rejected")
        CANCELLED = "cancelled", _("Cancelled")
        ABANDONED = "abandoned", _("Closed with errors left")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "draft": frozenset({"planned", "cancelled"}),
        "planned": frozenset({"draft", "planned", "approved", "rejected", "cancelled"}),
        "approved": frozenset({"planned", "draft", "applying", "cancelled"}),
        "applying": frozenset({"applied", "failed", "abandoned"}),
        "failed": frozenset({"applying", "abandoned"}),
    }
    PREPARING: ClassVar[list[str]] = ["draft", "planned", "rejected", "cancelled"]
    ENDED: ClassVar[list[str]] = ["applied", "rejected", "cancelled", "abandoned"]

    revision = models.ForeignKey(BaselineRevision, on_delete=models.PROTECT, related_name="change_sets")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    reason = models.TextField(_("reason"), blank=True)
    decision = models.ForeignKey(
        "Decision",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="change_sets",
        help_text=_("The decision that lets the engine plan, approve and write it without a further hand."),
    )
    plan = models.JSONField(_("plan"), default=dict, editable=False)
    plan_hash = models.CharField(_("plan hash"), max_length=64, blank=True, editable=False)
    planned_at = models.DateTimeField(_("planned"), null=True, editable=False)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    rejected_reason = models.TextField(_("reason for the refusal"), blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    applied_at = models.DateTimeField(_("written to Intune"), null=True)

    objects = ChangeSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="approver_is_not_requester"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "applying", "applied", "failed", "abandoned"])
                | Q(approved_by__isnull=False, approved_hash=F("plan_hash")) & ~Q(plan_hash=""),
                name="applied_plan_is_the_approved_plan",
            ),
            models.UniqueConstraint(
                fields=["revision"],
                condition=~Q(status__in=["rejected", "cancelled"]),
                name="one_open_change_per_revision",
            ),
        ]

    def __str__(self) -> str:
        return _("Change %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("intune_sync:change_set", args=[self.pk])

    @property
    def app_names(self) -> list[str]:
        """App versions of the plan, by the names that they had when it was made."""
        return [change["name"] for change in self.plan.get("changes", [])]


class AssignmentChange(models.Model):
    """One app object whose assignments the change set alters: our targets before and after, and in between.

    Targets are `[{"kind": "school_form", "key": 3, "intent": "required", "exclude": false, "name": "…"}, …]`, sorted.
    """

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="changes")
    app_version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, related_name="+")
    targets_before = models.JSONField(default=list)
    targets_after = models.JSONField(default=list)
    targets_meanwhile = models.JSONField(
        null=True, help_text=_("In a roll-out: what holds until the last ring, beside what the opened rings have.")
    )
    written_at = models.DateTimeField(
        _("written to Intune"), null=True, help_text=_("When reading back from Intune confirmed it.")
    )

    class Meta:
        verbose_name = _("assignment change")
        verbose_name_plural = _("assignment changes")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["change_set", "app_version"], name="app_once_per_change")]

    def __str__(self) -> str:
        return str(self.app_version)


class ChangeTarget(models.Model):
    """A computer for which an assignment change alters something; frozen with the plan."""

    class Effect(models.TextChoices):
        INSTALL = "install", _("Gets the app")
        OFFER = "offer", _("Is offered the app")
        UNINSTALL = "uninstall", _("The app is removed")
        RELEASE = "release", _("Is no longer assigned the app; what is installed stays")

    change = models.ForeignKey(AssignmentChange, on_delete=models.CASCADE, related_name="targets")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="change_targets")
    effect = models.CharField(_("effect"), max_length=10, choices=Effect.choices)

    class Meta:
        verbose_name = _("computer concerned")
        verbose_name_plural = _("computers concerned")
        constraints = [models.UniqueConstraint(fields=["change", "device"], name="device_once_per_change")]

    def __str__(self) -> str:
        return f"{self.device}: {self.get_effect_display()}"
