"""Exceptions: an application for, or away from, one computer or one class group, with a reason and a last day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application, AppVersion, Intent
from deployments.models.changes import ChangeSet
from deployments.models.moves import Moves
from fleet.models import Device
from schools.models import ClassGroup, School, User

ENDS_SOON = timedelta(days=14)
LAST_DAYS = timedelta(days=3)
"""A renewal that the school has not answered by then may be answered by IT."""


class SoftwareExceptionQuerySet(models.QuerySet["SoftwareException"]):
    def visible_to(self, user: User) -> Self:
        """Those of a school for whoever reads its requests; of computers without a school for the whole municipality's
        readers."""
        return self.filter(user.access.schools_q("deployments.view_apprequest", "school_id"))

    def for_list(self) -> Self:
        return self.select_related("application", "version", "device", "class_group", "school", "asked_by")

    def open(self) -> Self:
        return self.exclude(status__in=SoftwareException.OVER)

    def ending_soon(self, on: date) -> Self:
        Status = SoftwareException.Status
        return self.filter(status__in=[Status.APPROVED, Status.IN_FORCE], ends_on__lte=on + ENDS_SOON)


class SoftwareException(Moves):
    """Asked for by one person and approved by another. It holds from its first to its last day, both included."""

    class Kind(models.TextChoices):
        REQUIRED = "required", _("Gets it, installed by itself")
        AVAILABLE = "available", _("May install it")
        AWAY = "away", _("Goes without it")

    class Status(models.TextChoices):
        ASKED = "asked", _("Waiting for a decision")
        APPROVED = "approved", _("Approved")
        IN_FORCE = "in_force", _("In force")
        ENDING = "ending", _("Ending")
        ENDED = "ended", _("Ended")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Turn(models.TextChoices):
        SCHOOL = "school", _("The school's approver")
        IT = "it", _("IT")

    class Why(models.TextChoices):
        """Why it ended, or was refused by nobody in particular."""

        LAST_DAY = "last_day", _("Its last day is over.")
        BY_HAND = "by_hand", _("Somebody ended it early.")
        RETIRED = "retired", _("The computer has been retired.")
        MOVED = "moved", _("The computer belongs to another school now.")
        CLASS_REMOVED = "class_removed", _("The class group has been removed.")
        OVERRULED = "overruled", _("A later decision says something else here.")
        NEEDLESS = "needless", _("The same was decided for more computers, so no exception is needed.")
        STOPPED = "stopped", _("IT stopped the change that was to carry it out.")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "asked": frozenset({"approved", "refused", "withdrawn"}),
        "approved": frozenset({"in_force", "ending", "ended"}),
        "in_force": frozenset({"ending", "ended"}),
        "ending": frozenset({"ended"}),
    }
    OVER: ClassVar[list[str]] = ["ended", "refused", "withdrawn"]
    HOLDS: ClassVar[list[str]] = ["approved", "in_force"]

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="exceptions", verbose_name=_("application")
    )
    version = models.ForeignKey(
        AppVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("version"),
        help_text=_("Empty means the latest version."),
    )
    kind = models.CharField(_("what it says"), max_length=9, choices=Kind.choices)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions")
    class_group = models.ForeignKey(
        ClassGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions"
    )
    school = models.ForeignKey(
        School,
        on_delete=models.PROTECT,
        null=True,
        related_name="exceptions",
        verbose_name=_("school"),
        help_text=_("As it was when the exception was asked for."),
    )
    reason = models.TextField(_("reason"), max_length=2000)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.ASKED)
    turn = models.CharField(_("who decides"), max_length=6, choices=Turn.choices, default=Turn.SCHOOL)
    due_at = models.DateTimeField(_("decision due"), null=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField(_("asked"))
    approved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="+")
    end_change = models.ForeignKey(
        ChangeSet,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("The latest change that takes it away again."),
    )
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_why = models.CharField(max_length=13, choices=Why.choices, blank=True)
    ended_reason = models.TextField(blank=True, help_text=_("In the words of whoever refused, withdrew or ended it."))

    objects = SoftwareExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(device__isnull=False, class_group=None) | Q(device=None, class_group__isnull=False),
                name="exception_has_one_place",
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="exception_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(reason=""), name="exception_has_a_reason"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("asked_by")), name="exception_approver_is_another"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "refused", "withdrawn"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="exception_in_force_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["refused", "withdrawn", "ended"]) | Q(ended_at__isnull=False),
                name="exception_knows_when_it_ended",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["refused", "ending", "ended"]) | ~Q(ended_why="", ended_reason=""),
                name="exception_knows_why_it_ended",
            ),
            models.UniqueConstraint(
                fields=["application", "device"],
                condition=Q(status__in=["asked", "approved", "in_force", "ending"], device__isnull=False),
                name="one_exception_per_computer",
            ),
            models.UniqueConstraint(
                fields=["application", "class_group"],
                condition=Q(status__in=["asked", "approved", "in_force", "ending"], class_group__isnull=False),
                name="one_exception_per_class_group",
            ),
        ]
        indexes = [
            models.Index(fields=["school", "status", "-id"], name="exceptions_of_school"),  # a school's list
            models.Index(fields=["status", "ends_on"], name="exceptions_by_last_day"),  # the clock, and what ends soon
        ]

    def __str__(self) -> str:
        return f"{self.application}, {self.place}"

    def get_absolute_url(self) -> str:
        return reverse("deployments:exception", args=[self.pk])

    @property
    def place(self) -> Device | ClassGroup:
        found = self.device or self.class_group
        assert found is not None  # a constraint of the database
        return found

    @property
    def is_away(self) -> bool:
        return self.kind == self.Kind.AWAY

    @property
    def intent(self) -> str:
        """Empty for one that takes the application away."""
        return "" if self.is_away else Intent(self.kind).value

    @property
    def why_over(self) -> str:
        """Why it ended or was refused, in words."""
        return self.ended_reason or str(self.get_ended_why_display() if self.ended_why else "")

    @property
    def began_at(self) -> datetime | None:
        """Since when the baseline says it."""
        return self.change_set.started_at if self.change_set else None

    def is_in_last_days(self, on: date) -> bool:
        return self.ends_on <= on + LAST_DAYS

    def is_late(self, now: datetime) -> bool:
        return self.status == self.Status.ASKED and self.due_at is not None and self.due_at < now


class ExceptionRenewal(Moves):
    """A later last day for an exception, which again somebody else approves."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Waiting for a decision")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Not answered in time")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {"asked": frozenset({"granted", "refused", "lapsed"})}

    exception = models.ForeignKey(SoftwareException, on_delete=models.CASCADE, related_name="renewals")
    ended_on = models.DateField(_("former last day"))
    ends_on = models.DateField(_("new last day"))
    reason = models.TextField(_("reason"), max_length=2000)
    status = models.CharField(_("status"), max_length=7, choices=Status.choices, default=Status.ASKED)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["exception"], condition=Q(status="asked"), name="one_open_renewal_per_exception"
            ),
            models.CheckConstraint(condition=Q(ends_on__gt=F("ended_on")), name="renewal_ends_later"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="renewal_decider_is_another"
            ),
            models.CheckConstraint(
                condition=~Q(status="granted") | Q(decided_by__isnull=False), name="granted_renewal_is_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exception} → {self.ends_on}"
