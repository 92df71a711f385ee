"""What proves a decision afterwards: its figures day by day, and what the municipality counts saved time with."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deployments.models.committee import Decision
from schools.models import School, User


class ProofDay(models.Model):
    """How far a decision had come at one school at the end of a day: the six answers of `deployments.status`.

    `absent` are those of the waiting and unknown that nobody can expect: silent for long, missing from Intune, or
    retired.
    """

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="proof_days")
    school = models.ForeignKey(
        School,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: computers whose school nobody knows."),
    )
    day = models.DateField(_("day"))
    total = models.PositiveIntegerField(_("computers"))
    installed = models.PositiveIntegerField()
    waiting_for_device = models.PositiveIntegerField()
    waiting_for_intune = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    not_applicable = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()
    absent = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("day of a decision")
        verbose_name_plural = _("days of decisions")
        constraints = [
            # Read for one decision over time and for the latest day of many.
            models.UniqueConstraint(
                fields=["decision", "day", "school"], nulls_distinct=False, name="proof_once_a_day_and_school"
            ),
            models.CheckConstraint(
                condition=Q(
                    total=F("installed")
                    + F("waiting_for_device")
                    + F("waiting_for_intune")
                    + F("failed")
                    + F("not_applicable")
                    + F("unknown")
                ),
                name="six_answers_add_up",
            ),
            models.CheckConstraint(
                condition=Q(absent__lte=F("waiting_for_device") + F("waiting_for_intune") + F("unknown")),
                name="absent_are_some_of_those_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.day}"


class Assumption(models.Model):
    """A figure of the municipality's own that takes the place of a default of `deployments.proof.assumptions`."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    value = models.DecimalField(
        _("value"), max_digits=12, decimal_places=2, validators=[MinValueValidator(0)], help_text=_("In its unit.")
    )
    source = models.CharField(_("source"), max_length=300, help_text=_("Where the figure comes from."))
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("changed by"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("assumption")
        verbose_name_plural = _("assumptions")
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(value__gte=0), name="assumption_is_not_negative")]

    def __str__(self) -> str:
        return self.code
