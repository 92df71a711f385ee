"""IT keeps the school calendar: periods, lesson hours, and a year copied to the next."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from schools.calendar import EVERYWHERE, Scope
from schools.calendar_forms import PeriodForm, ReasonForm, WeekForm, called, scope_called, scope_choices
from schools.decorators import permission_required, require
from schools.models import CalendarPeriod, LessonHours
from schools.services import calendar as acts
from schools.views.calendar import chosen_year
from schools.views.person import person


@require_http_methods(["GET", "POST"])
@permission_required("schools.edit_calendar")
def add_period(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    return _period_page(request, CalendarPeriod(kind=CalendarPeriod.Kind.BREAK, starts_on=today, ends_on=today))


@require_http_methods(["GET", "POST"])
def change_period(request: HttpRequest, pk: int) -> HttpResponse:
    """Who only reads the calendar is led to the period's school year."""
    row = _visible(request, pk)
    if request.method == "GET" and not person(request).has_perm("schools.edit_calendar"):
        return redirect(row.in_its_year)
    return _period_page(request, _editable(request, row))


def _period_page(request: HttpRequest, row: CalendarPeriod) -> HttpResponse:
    form = PeriodForm.of(row, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            acts.put_period(form.fill(row), by=person(request), reason=form.cleaned_data["reason"])
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, _("“%(period)s” is kept in the calendar.") % {"period": row})
            return redirect(row.in_its_year)
    kept = CalendarPeriod.objects.for_list().filter(pk=row.pk).first()
    context = {"form": form, "period": kept, "removal": ReasonForm(prefix="removal"), "back": _back(row)}
    return render(request, "schools/calendar_period.html", context, status=400 if form.is_bound else 200)


@require_POST
def remove_period(request: HttpRequest, pk: int) -> HttpResponse:
    row = _editable(request, _visible(request, pk))
    form = ReasonForm(request.POST, prefix="removal")
    if form.is_valid():
        where = row.in_its_year
        try:
            acts.remove_period(row, by=person(request), reason=form.cleaned_data["reason"])
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, _("“%(period)s” is no longer in the calendar.") % {"period": row})
            return redirect(where)
    context = {"form": PeriodForm.of(row, None), "period": row, "removal": form, "back": _back(row)}
    return render(request, "schools/calendar_period.html", context, status=400)


@require_http_methods(["GET", "POST"])
@permission_required("schools.edit_calendar")
def lesson_hours(request: HttpRequest) -> HttpResponse:
    """The week of one part; `?for=school:17`."""
    scope = _scope(request)
    kept = acts.rows_of(LessonHours.objects.for_list(), scope)
    form = WeekForm(
        request.POST if request.method == "POST" else None,
        week={row.weekday: (row.begins, row.ends) for row in kept},
    )
    if form.is_bound and form.is_valid():
        try:
            acts.set_week(scope, form.week, by=person(request), reason=form.cleaned_data["reason"])
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, _("The lesson hours are kept."))
            return redirect("schools:calendar")
    context = {
        "form": form,
        "parts": scope_choices(),
        "part": called(scope),
        "is_all": scope == EVERYWHERE,
        "kept": kept,
    }
    return render(request, "schools/lesson_hours.html", context, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@permission_required("schools.edit_calendar")
def copy_year(request: HttpRequest) -> HttpResponse:
    """What a school year would be copied to, and the copying; `?year=2026`."""
    year = chosen_year(request)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = acts.copy_year(year, by=person(request), reason=form.cleaned_data["reason"])
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, _copied(len(made)))
            return redirect(f"{reverse('schools:calendar')}?year={year + 1}")
    context = {
        "form": form,
        "copies": acts.copies_of(year),
        "year": year,
        "next_year": year + 1,
        "year_after": year + 2,
    }
    return render(request, "schools/calendar_copy.html", context, status=400 if form.is_bound else 200)


def _visible(request: HttpRequest, pk: int) -> CalendarPeriod:
    rows = CalendarPeriod.objects.visible_to(person(request)).for_list()
    row: CalendarPeriod = get_object_or_404(rows, pk=pk)
    return row


def _editable(request: HttpRequest, row: CalendarPeriod) -> CalendarPeriod:
    require(person(request), "schools.edit_calendar")
    return row


def _back(row: CalendarPeriod) -> str:
    return row.in_its_year if row.pk else reverse("schools:calendar")


def _scope(request: HttpRequest) -> Scope:
    """Raises Http404 for what is no part of the municipality."""
    asked = request.GET.get("for", "") or "all"
    known = {value for value, label in scope_choices() if isinstance(label, str)}
    known |= {value for _group, parts in scope_choices() if isinstance(parts, list) for value, _label in parts}
    if asked not in known:
        raise Http404
    return scope_called(asked)


def _show(form: forms.Form, error: ValidationError) -> None:
    """A refusal beside its field, or above the form when it is about a field that the form does not have."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, said in error.error_dict.items():
        form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, said)


def _copied(count: int) -> str:
    said = ngettext(
        "%(count)d period is copied. Look through the dates.",
        "%(count)d periods are copied. Look through the dates.",
        count,
    )
    return said % {"count": count}
