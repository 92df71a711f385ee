"""The schools and one school: its computers, their software, and the changes that concern it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.figures import Figure, by_condition, computers_of_school
from deployments.installs import Installs, installs_by_application, installs_by_school
from deployments.models import ChangeSet
from deployments.proof.shown import of_school
from deployments.software import effective_for_school
from deployments.views.past import asks_for_a_day, effective_then
from deployments.views.person import person
from fleet.models import Condition, Device
from fleet.queries import count_by_condition
from schools.decorators import permission_required
from schools.models import School, SchoolForm, User
from schools.pages import page_of, render_page

SORTS = {"name": "name", "code": "school_unit_code"}
WORTH_A_LOOK = (Condition.ATTENTION, Condition.SILENT, Condition.MISSING)
LATEST_CHANGES = 5


@dataclass(frozen=True)
class SchoolRow:
    school: School
    conditions: dict[str, int] = field(default_factory=dict)
    installs: Installs = field(default_factory=Installs)

    @property
    def computers(self) -> int:
        return sum(self.conditions.values())

    @property
    def worth_a_look(self) -> list[Figure]:
        return by_condition(self.school, {each: self.conditions.get(each, 0) for each in WORTH_A_LOOK})


@require_GET
@permission_required("schools.view_school")
def school_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    schools = _narrowed(request, user)
    page = page_of(request, schools.for_list(), SORTS)
    context = {
        "page": page,
        "rows": _rows(page.rows, user),
        "count": schools.count(),
        "forms": SchoolForm.Code.choices,
        "form": request.GET.get("form", ""),
        "q": request.GET.get("q", ""),
        "sees_computers": user.access.reads("fleet.view_device"),
    }
    return render_page(request, "deployments/school_list.html", context, partial="deployments/_school_list.html")


def _narrowed(request: HttpRequest, user: User) -> Any:
    schools = School.objects.visible_to(user)
    if words := request.GET.get("q", "").strip()[:100]:
        schools = schools.filter(Q(name__icontains=words) | Q(school_unit_code=words) | Q(group_tag__iexact=words))
    if form := request.GET.get("form", ""):
        schools = schools.filter(school_form__code=form)
    return schools


def _rows(schools: list[School], user: User) -> list[SchoolRow]:
    """Two queries for all."""
    if not user.access.reads("fleet.view_device"):
        return [SchoolRow(school) for school in schools]
    devices: Any = Device.objects.visible_to(user).filter(school__in=schools).with_condition(timezone.now())
    counted = devices.order_by().values_list("school", "condition").annotate(Count("pk"))
    conditions: dict[int, dict[str, int]] = {}
    for school_id, condition, count in counted:
        conditions.setdefault(school_id, {})[condition] = count
    installs = installs_by_school(schools, user)
    return [SchoolRow(school, conditions.get(school.pk, {}), installs.get(school.pk, Installs())) for school in schools]


@require_GET
def school(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(School.objects.visible_to(user).for_list(), pk=pk)
    if asks_for_a_day(request):
        return effective_then(request, found, lambda revision: effective_for_school(found, revision))
    devices = Device.objects.visible_to(user).filter(school=found)
    apps = effective_for_school(found)
    installs = installs_by_application(user, [app.application.pk for app in apps], found)
    conditions = count_by_condition(devices, timezone.now())
    context = {
        "school": found,
        "figures": computers_of_school(found, conditions),
        "computers": sum(conditions.values()),
        "worth_a_look": sum(conditions[condition] for condition in WORTH_A_LOOK),
        "apps": [(app, installs.get(app.application.pk, Installs())) for app in apps if app.intent],
        "removed": [app for app in apps if app.intent is None],
        "overall": _sum(installs),
        "today": timezone.localdate(),
        "changes": _changes(found, user),
        "proof": of_school(found, user, timezone.now()),
        "sees_proof": user.access.reads("deployments.view_proof", found.pk),
        "sees_computers": user.access.reads("fleet.view_device", found.pk),
        "sees_changes": user.access.reads("deployments.view_changeset", found.pk),
    }
    return render(request, "deployments/school.html", context)


def _sum(installs: dict[int, Installs]) -> Installs:
    every = installs.values()
    return Installs(sum(i.total for i in every), sum(i.installed for i in every), sum(i.failed for i in every))


def _changes(school: School, user: User) -> list[ChangeSet]:
    """The latest that concern computers of the school, with how many."""
    if not user.access.reads("deployments.view_changeset", school.pk):
        return []
    at_school = Q(changes__targets__device__school=school)
    changes = ChangeSet.objects.visible_to(user).filter(at_school)
    counted = changes.annotate(computers=Count("changes__targets__device", distinct=True, filter=at_school))
    return list(counted.select_related("revision__baseline__semester").order_by("-pk")[:LATEST_CHANGES])
