"""IT's view of requests: the queue, how long each step takes, and what schools want and do not get."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.models import AppRequest
from deployments.requests.figures import lead_times, lead_times_by_school, unmet_demand
from deployments.views.person import person
from schools.decorators import permission_required

Status = AppRequest.Status
MOST = 50


@require_GET
@permission_required("deployments.see_request_figures")
def review(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    visible = AppRequest.objects.visible_to(person(request))
    open_ones = visible.filter(status__in=[Status.SCHOOL, Status.REVIEW]).for_list()
    queue = list(open_ones.filter(status=Status.REVIEW).order_by("due_at", "pk")[:MOST])
    late = list(open_ones.filter(status=Status.SCHOOL, due_at__lt=now).order_by("due_at", "pk")[:MOST])
    context = {
        "queue": [*late, *queue],
        "late_count": sum(each.is_late(now) for each in [*late, *queue]),
        "now": now,
        "lead_times": lead_times(now),
        "by_school": lead_times_by_school(now),
        "unmet": unmet_demand(now),
    }
    return render(request, "deployments/request_review.html", context)
