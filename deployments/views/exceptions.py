"""Exceptions: the list with what waits for me, asking for one, and one with what may be done now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.exceptions.forms import ExceptionForm, end_of_term
from deployments.exceptions.limits import latest_last_day
from deployments.exceptions.queue import waiting_for
from deployments.exceptions.readiness import obstacles
from deployments.models import Application, Decision, ExceptionRenewal, SoftwareException
from deployments.services import exceptions
from deployments.services.exceptions.course import LOADED, check_turn
from deployments.views.person import person
from deployments.views.requests import application_names
from fleet.models import Device
from schools.decorators import permission_required
from schools.models import ClassGroup, School, User
from schools.pages import page_of, render_page

SORTS = {"asked": "id", "ends": "ends_on", "school": "school__name"}
Status = SoftwareException.Status


@require_GET
@permission_required("deployments.view_apprequest")
def exception_list(request: HttpRequest) -> HttpResponse:
    """`?status=open`, `?soon=1` (ends within two weeks), `?school=7`, `?q=`."""
    user, now = person(request), timezone.now()
    visible = SoftwareException.objects.visible_to(user)
    page = page_of(request, _narrowed(request, visible, now).for_list(), SORTS, order="-asked")
    school = School.objects.visible_to(user).filter(pk=_key(request.GET.get("school"))).first()
    context: dict[str, Any] = {
        "page": page,
        "rows": page.rows,
        "chosen": request.GET.get("status", ""),
        "soon": request.GET.get("soon") == "1",
        "school": school,
        "statuses": Status.choices,
        "q": request.GET.get("q", ""),
        "today": timezone.localdate(now),
    }
    template, partial = "deployments/exception_list.html", "deployments/_exception_list.html"
    if not request.htmx:  # type: ignore[attr-defined]
        context |= {
            "waiting": waiting_for(user, now),
            "holding": visible.filter(status=Status.IN_FORCE).count(),
            "ending_soon": visible.ending_soon(timezone.localdate(now)).count(),
            "may_ask": user.has_perm("deployments.ask_exception"),
        }
    return render_page(request, template, context, partial=partial)


def _narrowed(request: HttpRequest, found: Any, now: datetime) -> Any:
    chosen, words = request.GET.get("status", ""), request.GET.get("q", "").replace("\0", "").strip()[:100]
    if chosen == "open":
        found = found.open()
    elif chosen:
        found = found.filter(status=chosen)
    if request.GET.get("soon") == "1":
        found = found.ending_soon(timezone.localdate(now))
    if request.GET.get("school"):
        found = found.filter(school=_key(request.GET.get("school")))
    if words:
        named = Q(device__observed_name__icontains=words) | Q(class_group__name__icontains=words)
        found = found.filter(named | Q(application__name__icontains=words) | Q(school__name__icontains=words))
    return found


@require_http_methods(["GET", "POST"])
@permission_required("deployments.ask_exception")
def new(request: HttpRequest) -> HttpResponse:
    """`?device=3`, `?class_group=7` and `?application=2` choose beforehand."""
    user = person(request)
    if request.method == "GET":
        return _form_page(request, ExceptionForm(user=user, initial=_chosen(request, user)))
    form = ExceptionForm(request.POST, user=user)
    if not form.is_valid():
        return _form_page(request, form, status=400)
    try:
        made = exceptions.ask(form.asked, user)
    except ValidationError as error:
        form.add_rule_errors(error)
        return _form_page(request, form, status=400)
    messages.success(request, _("Sent. Somebody else decides, and you are told."))
    return redirect(made)


def _chosen(request: HttpRequest, user: User) -> dict[str, Any]:
    asked = request.GET
    device = Device.objects.visible_to(user).filter(pk=_key(asked.get("device"))).first()
    application = Application.objects.filter(pk=_key(asked.get("application"))).first()
    initial: dict[str, Any] = {"class_group": _key(asked.get("class_group")) or None}
    if device:
        initial["computer"] = device.observed_name or device.serial_number
    if application:
        initial["what"] = application.name
    return initial


def _form_page(request: HttpRequest, form: ExceptionForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "names": application_names()}
    return render(request, "deployments/exception_form.html", context, status=status)


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = get_object_or_404(visible(user), pk=pk)
    on = timezone.localdate(now)
    renewals = list(found.renewals.select_related("asked_by", "decided_by"))
    renewal = next((each for each in renewals if each.status == ExceptionRenewal.Status.ASKED), None)
    waits = found.status == Status.ASKED or (found.status == Status.APPROVED and found.change_set is None)
    latest, earliest = latest_last_day(on), found.ends_on + timedelta(days=1)
    context = {
        "row": found,
        "renewals": renewals,
        "renewal": renewal,
        "decision": Decision.objects.filter(exception=found).first(),
        "obstacles": obstacles(found, on) if waits else [],
        "days_left": (found.ends_on - on).days if found.status in SoftwareException.HOLDS else None,
        "may_decide": found.status == Status.ASKED and _has_turn(found, user, found.asked_by_id, found.is_late(now)),
        "may_answer": renewal is not None and _answers(found, user, renewal, now),
        "may_withdraw": found.status == Status.ASKED and user.has_perm("deployments.end_exception", found),
        "may_end": found.status in SoftwareException.HOLDS and user.has_perm("deployments.end_exception", found),
        "may_renew": found.status in SoftwareException.HOLDS
        and renewal is None
        and user.has_perm("deployments.renew_exception", found)
        and found.ends_on < latest,
        "latest": latest,
        "earliest": earliest,
        "suggested": min(end_of_term(earliest) or latest, latest),
        "moments": sorted(_moments(found, renewals), key=lambda moment: moment[0]),
        "sees_place": _sees_place(found, user),
        "sees_change": user.access.reads("deployments.view_changeset", found.school_id),
    }
    return render(request, "deployments/exception.html", context)


def visible(user: User) -> QuerySet[SoftwareException]:
    return SoftwareException.objects.visible_to(user).select_related(*LOADED, "ended_by")


def _answers(found: SoftwareException, user: User, renewal: ExceptionRenewal, now: datetime) -> bool:
    return _has_turn(found, user, renewal.asked_by_id, found.is_in_last_days(timezone.localdate(now)))


def _has_turn(found: SoftwareException, user: User, asked_by_id: int, is_late: bool) -> bool:
    """As the act itself will judge."""
    if not user.has_perm("deployments.decide_exception", found):
        return False
    try:
        check_turn(found, asked_by_id, user, is_late=is_late)
    except ValidationError:
        return False
    return True


def _sees_place(found: SoftwareException, user: User) -> bool:
    place = found.place
    if isinstance(place, ClassGroup):
        return user.access.reads("schools.view_school", place.school_id)
    return Device.objects.visible_to(user).filter(pk=place.pk).exists()


def _moments(found: SoftwareException, renewals: list[ExceptionRenewal]) -> Iterator[tuple[datetime, str, str]]:
    """When, what, and in whose words."""
    yield found.asked_at, _("%(who)s asked for it.") % {"who": found.asked_by}, found.reason
    if found.approved_at:
        yield found.approved_at, _("%(who)s approved it.") % {"who": found.approved_by}, ""
    if found.change_set and found.change_set.applied_at:
        yield found.change_set.applied_at, _("Intune was told."), ""
    for renewal in renewals:
        names = {"who": renewal.asked_by, "day": renewal.ends_on.isoformat(), "by": renewal.decided_by}
        yield renewal.asked_at, _("%(who)s asked to renew it until %(day)s.") % names, renewal.reason
        if renewal.decided_at and renewal.status == ExceptionRenewal.Status.GRANTED:
            yield renewal.decided_at, _("%(by)s renewed it until %(day)s.") % names, ""
        elif renewal.decided_at:
            yield renewal.decided_at, _("%(by)s did not renew it.") % names, renewal.answer
    if found.end_change:
        yield found.end_change.created_at, _("It began to end."), found.why_over
    if found.ended_at:
        yield found.ended_at, str(found.get_status_display()), "" if found.end_change else found.why_over


def _key(text: str | None) -> int:
    """0, which is no row's key, for what is no key."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0
