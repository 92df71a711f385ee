"""Semesters and what each term's computers shall have: numbered revisions that never change once decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application, AppVersion, Intent
from deployments.models.moves import Moves
from deployments.models.profiles import SoftwareProfile
from schools.models import User


class Semester(models.Model):
    class Term(models.TextChoices):
        VT = "VT", _("Spring term")
        HT = "HT", _("Autumn term")

    year = models.PositiveSmallIntegerField(_("year"))
    term = models.CharField(_("term"), max_length=2, choices=Term.choices)
    starts_on = models.DateField(_("starts"))
    ends_on = models.DateField(_("ends"))
    proposals_open_on = models.DateField(_("proposals open"), null=True, blank=True)
    freeze_on = models.DateField(_("proposals close"), null=True, blank=True)
    meeting_on = models.DateField(_("meeting"), null=True, blank=True)
    publish_on = models.DateField(_("publishing"), null=True, blank=True)
    review_on = models.DateField(_("review"), null=True, blank=True)

    class Meta:
        verbose_name = _("semester")
        verbose_name_plural = _("semesters")
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "term"],
                name="semester_once",
                violation_error_message=_("That semester is open already."),
                violation_error_code="unique",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="semester_ends_after_it_starts",
                violation_error_message=_("The semester has to end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(proposals_open_on__lte=F("freeze_on"))
                & Q(freeze_on__lte=F("meeting_on"))
                & Q(meeting_on__lte=F("publish_on"))
                & Q(publish_on__lte=F("review_on")),
                name="semester_dates_in_order",
                violation_error_message=_(
                    "The dates have to follow one another: "
                    "proposals open, proposals close, meeting, publishing, review."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.term} {self.year}"

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


class BaselineQuerySet(models.QuerySet["Baseline"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("deployments.view_baseline") else self.none()


class Baseline(models.Model):
    """The software of one semester."""

    semester = models.OneToOneField(Semester, on_delete=models.PROTECT, related_name="baseline")

    objects = BaselineQuerySet.as_manager()

    class Meta:
        verbose_name = _("baseline")
        verbose_name_plural = _("baselines")
        ordering = ["-semester__starts_on"]

    def __str__(self) -> str:
        return str(self.semester)

    def get_absolute_url(self) -> str:
        return reverse("deployments:baseline", args=[self.pk])


class BaselineRevisionQuerySet(models.QuerySet["BaselineRevision"]):
    def visible_to(self, user: User) -> Self:
        """Decided revisions for all who read baselines; drafts and proposals for those who prepare decisions."""
        if user.access.reads("deployments.view_draft"):
            return self
        if user.access.reads("deployments.view_baseline"):
            return self.exclude(status__in=BaselineRevision.PREPARING)
        return self.none()

    def active(self) -> Self:
        return self.filter(status=BaselineRevision.Status.ACTIVE)

    def in_force(self, at: datetime) -> Self:
        """The revision that was (or is) carried out at a moment; at most one."""
        return self.filter(Q(superseded_at=None) | Q(superseded_at__gt=at), activated_at__lte=at)


class BaselineRevision(Moves):
    """One numbered state of the baseline. Its entries are frozen by the database when it leaves draft."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PROPOSED = "proposed", _("Proposed")
        DECIDED = "decided", _("Decided")
        SCHEDULED = "scheduled", _("Scheduled")
        ACTIVE = "active", _("Active")
        SUPERSEDED = "superseded", _("Superseded")
        DISCARDED = "discarded", _("Discarded")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "draft": frozenset({"proposed", "discarded"}),
        "proposed": frozenset({"draft", "decided", "discarded"}),
        "decided": frozenset({"scheduled", "active", "draft", "discarded"}),
        "scheduled": frozenset({"active", "discarded"}),
        "active": frozenset({"superseded"}),
    }
    PREPARING: ClassVar[list[str]] = ["draft", "proposed", "discarded"]

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("revision"))
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="successors")
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT)
    note = models.TextField(_("what changes and why"), blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    objects = BaselineRevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["baseline", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["baseline", "number"], name="revision_number_once"),
            # One state of the whole fleet is in force at a time, whichever semester it belongs to.
            models.UniqueConstraint(fields=["status"], condition=Q(status="active"), name="one_active_revision"),
            models.CheckConstraint(
                condition=~Q(status__in=["active", "superseded"]) | Q(activated_at__isnull=False),
                name="active_revision_knows_since_when",
            ),
        ]

    def __str__(self) -> str:
        return _("%(baseline)s revision %(number)s") % {"baseline": self.baseline, "number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("deployments:revision", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.status == self.Status.DRAFT


class BaselineEntry(models.Model):
    """One line of a revision: a container gets an application with an intent, or does without one it would inherit."""

    class Action(models.TextChoices):
        ADD = "add", _("Add")
        REMOVE = "remove", _("Remove")

    revision = models.ForeignKey(BaselineRevision, on_delete=models.PROTECT, related_name="entries")
    profile = models.ForeignKey(SoftwareProfile, on_delete=models.PROTECT, related_name="entries")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="entries")
    action = models.CharField(_("action"), max_length=6, choices=Action.choices, default=Action.ADD)
    intent = models.CharField(_("intent"), max_length=10, choices=Intent.choices, blank=True)
    capability = models.ForeignKey(
        "Capability",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        help_text=_("The capability for which this application was chosen on its platform."),
    )
    decision = models.ForeignKey(
        "Decision",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        help_text=_("The decision that put it here; empty for what was taken over from Intune."),
    )
    version = models.ForeignKey(
        AppVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("version"),
        help_text=_("Empty means the latest version. A pinned version holds for its own platform."),
    )

    class Meta:
        verbose_name = _("baseline entry")
        verbose_name_plural = _("baseline entries")
        constraints = [
            models.UniqueConstraint(fields=["revision", "profile", "application"], name="entry_once_per_container"),
            models.CheckConstraint(
                condition=Q(action="add", intent__in=Intent.values) | Q(action="remove", intent=""),
                name="entry_intent_fits_action",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.application} ({self.get_intent_display() or self.get_action_display()})"

    def as_row(self) -> dict[str, Any]:
        """What the line says, for the audit trail."""
        return {
            "container": str(self.profile),
            "application": self.application.name,
            "action": self.action,
            "intent": self.intent,
            "version": self.version.version if self.version else None,
        }
