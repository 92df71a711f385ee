"""Exceptions that two people make: a change may reach computers although something is against it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deployments.models.changes import ChangeSet
from schools.models import User


class CalendarOverrideQuerySet(models.QuerySet["CalendarOverride"]):
    def agreed(self, kind: str) -> Self:
        """Exceptions of that kind to which a second person has agreed."""
        return self.filter(kind=kind, approved_at__isnull=False)


class CalendarOverride(models.Model):
    """*Calendar*: the change's roll-out may start in a freeze or in lesson hours. *At once*: it may be written at once
    to all its computers, whatever calendars say and however many they are; that holds as long as the approval does
    which the change had when it was asked for, and is told apart by its time.
    """

    class Kind(models.TextChoices):
        CALENDAR = "calendar", _("Its roll-out may start in a freeze or in lesson hours")
        AT_ONCE = "at_once", _("It may be written at once to all its computers")

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="overrides")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.CALENDAR)
    approval_at = models.DateTimeField(null=True, editable=False)
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)

    objects = CalendarOverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception from the calendar")
        verbose_name_plural = _("exceptions from the calendar")
        ordering = ["change_set", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="override_takes_two_people"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="override_is_approved_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
            models.CheckConstraint(
                condition=Q(kind="calendar", approval_at=None) | Q(kind="at_once", approval_at__isnull=False),
                name="override_at_once_goes_with_an_approval",
            ),
            models.UniqueConstraint(
                fields=["change_set", "kind", "approval_at"], nulls_distinct=False, name="override_asked_for_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_set}: {self.reason}"
