"""IT's view of requests: the queue, how long each step takes, and what schools want and do not get."""

from __future__ import annotations

from django.db.models import Q
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
    mine = visible.filter(Q(status=Status.REVIEW) | Q(status=Status.SCHOOL, due_at__lt=now))
    queue = list(mine.for_list().order_by("due_at", "pk")[:MOST])
    context = {
        "queue": queue,
        "late_count": sum(each.is_late(now) for each in queue),
        "now": now,
        "lead_times": lead_times(now),
        "by_school": lead_times_by_school(now),
        "unmet": unmet_demand(now),
    }
    return render(request, "deployments/request_review.html", context)
