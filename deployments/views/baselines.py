"""Baselines, their revisions, and the containers that revisions speak of."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.catalogue.newcomers import unvetted
from deployments.containers import around, containers
from deployments.differences import differences, entries_visible_to, reading_order
from deployments.forms import ReasonForm
from deployments.models import Baseline, BaselineEntry, BaselineRevision, ChangeSet, SoftwareProfile
from deployments.software import effective_for_container
from deployments.views.past import asks_for_a_day, effective_then
from deployments.views.person import person
from schools.decorators import permission_required
from schools.models import User
from schools.pages import page_of

Status = BaselineRevision.Status


def _revisions(user: User) -> Prefetch[Any]:
    revisions = BaselineRevision.objects.visible_to(user).select_related("created_by", "decided_by")
    return Prefetch("revisions", revisions.annotate(size=Count("entries")).order_by("-number"), to_attr="shown")


@require_GET
@permission_required("deployments.view_baseline")
def baseline_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    baselines = Baseline.objects.visible_to(user).select_related("semester").prefetch_related(_revisions(user))
    page = page_of(request, baselines, {"starts": "semester__starts_on"}, order="-starts")
    active = [each for baseline in page.rows for each in shown(baseline) if each.status == Status.ACTIVE]
    context = {
        "page": page,
        "active": active[0] if active else None,
        "may_edit": user.has_perm("deployments.edit_baseline"),
    }
    return render(request, "deployments/baseline_list.html", context)


def shown(baseline: Baseline) -> list[BaselineRevision]:
    """The revisions that `_revisions` fetched for this person."""
    return list(vars(baseline)["shown"])


@require_GET
def baseline(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    baselines = Baseline.objects.visible_to(user).select_related("semester").prefetch_related(_revisions(user))
    found = get_object_or_404(baselines, pk=pk)
    revisions = shown(found)
    in_force = next((each for each in revisions if each.status == Status.ACTIVE), None)
    context = {
        "baseline": found,
        "revisions": revisions,
        "active": in_force,
        "drafts": [each for each in revisions if each.status == Status.DRAFT],
        "containers": containers(_entries(user, in_force)) if in_force else [],
        "may_edit": user.has_perm("deployments.edit_baseline"),
        "sees_proof": user.has_perm("deployments.view_proof"),
        "nothing_in_force": not in_force and not BaselineRevision.objects.active().exists(),
    }
    return render(request, "deployments/baseline.html", context)


def _entries(user: User, *revisions: BaselineRevision) -> list[BaselineEntry]:
    found = entries_visible_to(user).filter(revision__in=[revision.pk for revision in revisions])
    return sorted(found, key=reading_order)


@require_GET
def revision(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    names = ("baseline__semester", "based_on__baseline__semester", "created_by", "decided_by")
    found = get_object_or_404(BaselineRevision.objects.visible_to(user).select_related(*names), pk=pk)
    entries = _entries(user, *filter(None, [found, found.based_on]))
    mine = [entry for entry in entries if entry.revision_id == found.pk]
    base = [entry for entry in entries if entry.revision_id == found.based_on_id]
    changes = list(
        ChangeSet.objects.visible_to(user).filter(revision=found).select_related("requested_by").order_by("-pk")
    )
    may_edit = found.is_editable and user.has_perm("deployments.edit_baseline")
    context = {
        "revision": found,
        "containers": containers(mine),
        "entry_count": len(mine),
        "differences": differences(base, mine) if found.based_on else [],
        "changes": changes if user.access.reads("deployments.view_changeset") else [],
        "may_edit": may_edit,
        "may_publish": found.status == Status.DECIDED
        and user.has_perm("deployments.propose_change")
        and all(change.status in ChangeSet.ENDED for change in changes),
        "may_export": user.has_perm("deployments.export_revision"),
        "sees_impact": bool(found.based_on) and user.access.reads("deployments.view_draft"),
        "may_propose": may_edit and user.has_perm("deployments.propose_change"),
        "unvetted": unvetted(found, timezone.localdate()) if may_edit else [],
        "outdated_by": _outdated_by(found) if found.is_editable else None,
        "reason_form": ReasonForm(initial={"reason": found.note}),
    }
    return render(request, "deployments/revision.html", context)


def _outdated_by(draft: BaselineRevision) -> BaselineRevision | None:
    """The revision that has become active since the draft was started."""
    active = BaselineRevision.objects.active().exclude(pk=draft.based_on_id or 0)
    return active.select_related("baseline__semester").first()


@require_GET
def container(request: HttpRequest, pk: int) -> HttpResponse:
    """What a container says, now and in the revisions before."""
    user = person(request)
    owners = (
        "municipality",
        "school_form",
        "school__school_form",
        "class_group__school__school_form",
        "device__school",
    )
    profile = get_object_or_404(SoftwareProfile.objects.visible_to(user).select_related(*owners), pk=pk)
    if asks_for_a_day(request):
        return effective_then(request, profile, lambda revision: effective_for_container(profile, revision))
    entries = entries_visible_to(user).filter(profile=profile).order_by("-revision__pk", "application__name")
    active = [entry for entry in entries if entry.revision.status == Status.ACTIVE]
    context = {
        "profile": profile,
        "above": around(profile),
        "entries": active,
        "effective": effective_for_container(profile),
        "today": timezone.localdate(),
        "others": _by_revision(entry for entry in entries if entry.revision.status != Status.ACTIVE),
    }
    return render(request, "deployments/container.html", context)


def _by_revision(entries: Any) -> list[tuple[BaselineRevision, list[BaselineEntry]]]:
    found: dict[int, tuple[BaselineRevision, list[BaselineEntry]]] = {}
    for entry in entries:
        found.setdefault(entry.revision_id, (entry.revision, []))[1].append(entry)
    return list(found.values())
