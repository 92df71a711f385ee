"""The school calendar: terms, breaks, freezes and holidays, and when lessons are held; for all, or for a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.fields.ranges import BigIntegerRangeField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from schools import calendar
from schools.models.organisation import Administration, School, SchoolForm

if TYPE_CHECKING:
    from schools.models.people import User

SCOPES = ("administration", "school_form", "school")
"""The columns that narrow a line down, from the widest to the nearest; all empty is the whole municipality."""

ONE_SCOPE = (
    Q(administration=None, school_form=None) | Q(administration=None, school=None) | Q(school_form=None, school=None)
)
NOT_ONE_SCOPE = _("Choose one administration, one school form or one school, or none of them for all schools.")


class ScopedQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """All for those who read every school; for others what holds at one of their schools."""
        if user.access.reads_all("schools.view_calendar"):
            return self
        return self.holding_at(School.objects.filter(pk__in=user.access.school_ids("schools.view_calendar")))

    def holding_at(self, schools: models.QuerySet[School]) -> Self:
        """What is for one of these schools: itself, its school form, its administration, or all; none for none."""
        if not schools.exists():
            return self.none()
        return self.filter(
            Q(administration=None, school_form=None, school=None)
            | Q(administration__in=schools.values("administration"))
            | Q(school_form__in=schools.values("school_form"))
            | Q(school__in=schools.values("pk"))
        )

    def for_list(self) -> Self:
        return self.select_related(*SCOPES)


class Scoped(models.Model):
    """A line of the calendar that is for one administration, one school form, one school, or (all empty) for all."""

    administration = models.ForeignKey(
        Administration,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("administration"),
    )
    school_form = models.ForeignKey(
        SchoolForm, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("school form")
    )
    school = models.ForeignKey(
        School, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("school")
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def scope(self) -> calendar.Scope:
        if self.school_id:
            return calendar.Scope(calendar.Level.SCHOOL, self.school_id)
        if self.school_form_id:
            return calendar.Scope(calendar.Level.SCHOOL_FORM, self.school_form_id)
        if self.administration_id:
            return calendar.Scope(calendar.Level.ADMINISTRATION, self.administration_id)
        return calendar.EVERYWHERE

    @property
    def holds_for(self) -> str:
        """The part of the municipality that it is for, by name."""
        return str(self.school or self.school_form or self.administration or _("All schools"))


def _scope_column(name: str) -> Func:
    """A part as a range, so that a GiST index can ask whether two are the same; 0 stands for none."""
    key = Coalesce(F(name), Value(0), output_field=models.BigIntegerField())
    return Func(key, key, Value("[]"), function="int8range", output_field=BigIntegerRangeField())


DAYS = Func(F("starts_on"), F("ends_on"), Value("[]"), function="daterange", output_field=DateRangeField())


class CalendarPeriod(Scoped):
    """Days with a name; both ends belong to it, in the municipality's time."""

    class Kind(models.TextChoices):
        TERM = calendar.TERM, _("Term")
        BREAK = calendar.BREAK, _("Break")
        FREEZE = calendar.FREEZE, _("Freeze")
        HOLIDAY = calendar.HOLIDAY, _("Day off")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("period of the calendar")
        verbose_name_plural = _("periods of the calendar")
        ordering = ["starts_on", "ends_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")),
                name="period_starts_before_it_ends",
                violation_error_message=_("The last day has to be the first day or later."),
            ),
            models.CheckConstraint(
                condition=ONE_SCOPE, name="period_has_one_scope", violation_error_message=NOT_ONE_SCOPE
            ),
            models.CheckConstraint(condition=~Q(name=""), name="period_has_a_name"),
            ExclusionConstraint(
                name="terms_of_a_scope_apart",
                expressions=[
                    (DAYS, RangeOperators.OVERLAPS),
                    *((_scope_column(name), RangeOperators.OVERLAPS) for name in SCOPES),
                ],
                condition=Q(kind="term"),
                violation_error_message=_("Another term has some of these days already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("schools:change_period", args=[self.pk])

    @property
    def in_its_year(self) -> str:
        """The address of the calendar with the school year that it begins in."""
        return f"{reverse('schools:calendar')}?year={calendar.school_year(self.starts_on)}"

    def as_period(self) -> calendar.Period:
        return calendar.Period(self.kind, self.name, self.starts_on, self.ends_on, self.scope, self.pk)


class LessonHours(Scoped):
    """When lessons are held on one weekday of terms. Hours of a nearer part replace the whole week of a wider one."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    begins = models.TimeField(_("lessons begin"))
    ends = models.TimeField(_("lessons end"))

    class Meta:
        verbose_name = _("lesson hours")
        verbose_name_plural = _("lesson hours")
        ordering = ["weekday", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(begins__lt=F("ends")),
                name="lessons_begin_before_they_end",
                violation_error_message=_("Lessons have to end after they begin."),
            ),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="lessons_on_a_day_of_the_week"),
            models.CheckConstraint(
                condition=ONE_SCOPE, name="lessons_have_one_scope", violation_error_message=NOT_ONE_SCOPE
            ),
            models.UniqueConstraint(
                fields=[*SCOPES, "weekday"], nulls_distinct=False, name="lessons_of_a_weekday_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.begins:%H:%M}–{self.ends:%H:%M}"

    def as_lessons(self) -> calendar.Lessons:
        return calendar.Lessons(self.weekday, self.begins, self.ends, self.scope)
