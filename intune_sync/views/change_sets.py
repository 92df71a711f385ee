"""Change sets as pages: the list, one change with preview and progress, and the computers it concerns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.models import CalendarOverride, ChangeSet, Rollout
from deployments.queries import Progress, device_targets, parts_by_device, progress
from deployments.rollouts.at_once import AT_ONCE, Against, against
from deployments.rollouts.curve import curve_of_change
from deployments.rollouts.story import moment
from deployments.status import DeviceStatus
from intune_sync.holds import explain
from intune_sync.models import AutomaticHold
from intune_sync.payloads.members import calls_of
from intune_sync.previews import Preview, SchoolShare, freeze_notices, notices, preview, sizes, writing
from intune_sync.words import gigabytes
from schools.decorators import permission_required
from schools.models import School, User
from schools.pages import page_of, render_page

Status = ChangeSet.Status
NOT_WRITTEN = (Status.PLANNED, Status.APPROVED)
STARTED = (Status.APPLYING, Status.APPLIED, Status.FAILED, Status.ABANDONED)


@dataclass(frozen=True)
class SchoolRow:
    """A school's share; `cells` give code, words and count of each status that some computer of the change has."""

    share: SchoolShare
    cells: list[tuple[str, str, int]]

    @property
    def download(self) -> str:
        return gigabytes(self.share.download_bytes)


@require_GET
@permission_required("deployments.view_changeset")
def change_set_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    visible = ChangeSet.objects.visible_to(user)
    chosen = request.GET.get("status", "")
    rows = visible.filter(status=chosen) if chosen in Status.values else visible
    page = page_of(
        request,
        rows.select_related("revision__baseline__semester", "requested_by").defer("plan"),
        {"number": "id"},
        order="-number",
        size=25,
    )
    counts = dict(visible.order_by().values_list("status").annotate(Count("pk")))
    context = {
        "page": page,
        "rows": sizes(page.rows, user),
        "total": sum(counts.values()),
        "waiting": counts.get(Status.PLANNED, 0),
        "applying": counts.get(Status.APPLYING, 0),
        "failed": counts.get(Status.FAILED, 0),
        "chips": [(s.value, s.label, counts[s]) for s in Status if counts.get(s)],
        "chosen": chosen,
        "may_start": user.has_perm("deployments.edit_baseline"),
    }
    return render_page(
        request, "intune_sync/change_set_list.html", context, partial="intune_sync/_change_set_list.html"
    )


@require_GET
def change_set(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast(User, request.user)
    found = find_change_set(user, pk)
    if request.htmx:  # type: ignore[attr-defined]
        return _progress_part(request, found, user)
    seen = preview(found, user)
    sees_all = user.access.reads_all("deployments.view_changeset")
    has_started = found.status in STARTED
    rollout = _rollout_of(found, sees_all)
    held = AutomaticHold.objects.filter(change_set=found).first() if found.decision_id else None
    hindrances = against(found, timezone.now()) if found.status in NOT_WRITTEN else Against()
    overrides = _overrides(found)
    context = {
        "change_set": found,
        "preview": seen,
        "download": gigabytes(seen.download_bytes),
        "sees_all": sees_all,
        "has_plan": bool(found.plan_hash),
        "is_about_several": len(seen.apps) > 1,
        "rollout": rollout,
        "rolls_back": _rolls_back(found, user),
        "held": explain(held.reason, held.reason_data) if held else "",
        "waits_until": _goes_by_itself(found, hindrances) if held is None else "",
        "notices": [*notices(found), *freeze_notices(found, hindrances)] if sees_all else [],
        "calls": _calls(found) if sees_all else [],
        "overrides": overrides if sees_all else [],
        **_may(user, found, rollout, hindrances, overrides),
        **(_progress(found, user) if has_started else {}),
    }
    context["rows"] = _school_rows(seen, context.get("progress"))
    return render_page(request, "intune_sync/change_set.html", context, partial="intune_sync/_change_set_progress.html")


@require_GET
def change_set_devices(request: HttpRequest, pk: int) -> HttpResponse:
    """The computers behind every figure of the change's page; `status` and `school` narrow it."""
    user = cast(User, request.user)
    found = find_change_set(user, pk)
    status = request.GET.get("status", "")
    chosen = status if status in DeviceStatus.values else None
    school = _school(request, user)
    targets = device_targets(found, user, chosen, school.pk if school else None)
    page = page_of(request, targets.select_related("device__school"), {"name": "device__observed_name"})
    parts = parts_by_device(found, (target.device_id for target in page.rows))
    context = {
        "change_set": found,
        "page": page,
        "rows": [(target, DeviceStatus(target.status).label, parts[target.device_id]) for target in page.rows],
        "count": targets.count(),
        "school": school,
        "chosen": chosen,
        "choices": DeviceStatus.choices,
        "has_started": found.status in STARTED,
    }
    return render_page(
        request, "intune_sync/change_set_devices.html", context, partial="intune_sync/_change_set_devices.html"
    )


def find_change_set(user: User, pk: int) -> ChangeSet:
    visible = ChangeSet.objects.visible_to(user).select_related(
        "revision__baseline__semester", "requested_by", "approved_by", "rollout", "rolls_back", "decision"
    )
    asked = CalendarOverride.objects.filter(change_set=OuterRef("pk"), kind=AT_ONCE)
    return get_object_or_404(visible.annotate(has_overrides=Exists(asked)), pk=pk)


def _overrides(found: ChangeSet) -> list[CalendarOverride]:
    """Exceptions for writing it at once; no query where there are none."""
    if not vars(found)["has_overrides"]:
        return []
    return list(found.overrides.filter(kind=AT_ONCE).select_related("requested_by", "approved_by"))


def _rollout_of(found: ChangeSet, sees_all: bool) -> Rollout | None:
    """The roll-out that carries it out; a school's people see none before it has started."""
    rollout: Rollout | None = getattr(found, "rollout", None)
    return rollout if rollout and (sees_all or rollout.started_at) else None


def _rolls_back(found: ChangeSet, user: User) -> Rollout | None:
    """The roll-out that it takes back, if this person may see that one."""
    taken_back: Rollout | None = getattr(found, "rolls_back", None)
    return Rollout.objects.visible_to(user).filter(pk=taken_back.pk).first() if taken_back else None


def _progress_part(request: HttpRequest, found: ChangeSet, user: User) -> HttpResponse:
    """What is asked for every few seconds. When the state has changed, the page is fetched anew with its buttons."""
    context = {"change_set": found, **_progress(found, user)}
    seen = preview(found, user)
    context |= {"rows": _school_rows(seen, context["progress"]), "is_about_several": len(seen.apps) > 1}
    response = render_page(
        request, "intune_sync/change_set.html", context, partial="intune_sync/_change_set_progress.html"
    )
    if request.GET.get("seen") != found.status:
        response["HX-Refresh"] = "true"
    return response


def _progress(found: ChangeSet, user: User) -> dict[str, Any]:
    how_far = progress(found, user)
    sees_all = user.access.reads_all("deployments.view_changeset")
    is_writing = found.status == Status.APPLYING
    return {
        "progress": how_far,
        "sees_all": sees_all,
        "writing": writing(found) if sees_all else None,
        "statuses": _statuses(how_far),
        "curve": curve_of_change(found, user, timezone.now()) if hasattr(found, "rolls_back") else None,
        "poll_seconds": 3 if is_writing else 10 if found.status == Status.APPLIED and not how_far.is_settled else 0,
    }


def _statuses(how_far: Progress) -> list[tuple[str, str, int]]:
    return [(s.value, str(s.label), how_far.counts[s]) for s in DeviceStatus if how_far.counts[s]]


def _school_rows(seen: Preview, how_far: Progress | None) -> list[SchoolRow]:
    if how_far is None:
        return [SchoolRow(share, []) for share in seen.schools]
    there = {each.school_id: each.counts for each in how_far.by_school}
    shown = [(DeviceStatus(code), label) for code, label, _count in _statuses(how_far)]
    return [
        SchoolRow(share, [(s.value, label, there[share.school_id][s]) for s, label in shown])
        for share in seen.schools
        if share.school_id in there
    ]


def _calls(found: ChangeSet) -> list[tuple[str, str]]:
    """Each Graph call as it will be sent: method and address, and the body."""
    return [
        (f"{call['method']} {call['url']}", json.dumps(call["body"], indent=2, ensure_ascii=False))
        for call in calls_of(found.plan)
    ]


def _goes_by_itself(found: ChangeSet, hindrances: Against) -> str:
    """When what a decision carries is written, where a calendar is all that it waits for."""
    is_carried = found.decision is not None and found.approved_by_id == found.decision.decided_by_id
    if found.status != Status.APPROVED or not is_carried or hasattr(found, "rollout") or hindrances.is_large:
        return ""
    return moment(hindrances.free_at) if hindrances.free_at else ""


def _may(
    user: User, found: ChangeSet, rollout: Rollout | None, hindrances: Against, overrides: Sequence[CalendarOverride]
) -> dict[str, Any]:
    """Which buttons to show: what this person may do, and what the state allows."""
    status = found.status
    approves, applies = user.has_perm("deployments.approve_changeset"), user.has_perm("deployments.apply_changeset")
    is_own = found.requested_by_id == user.pk
    is_free_of_rings = rollout is None or rollout.status == Rollout.Status.ABORTED
    may_write = applies and status == Status.APPROVED and is_free_of_rings
    asked = next((each for each in overrides if each.approval_at == found.approved_at), None) if may_write else None
    return {
        "may_plan": user.has_perm("deployments.propose_change")
        and status in (Status.DRAFT, Status.PLANNED, Status.APPROVED),
        "may_approve": approves and status == Status.PLANNED and not is_own,
        "is_own_request": approves and status == Status.PLANNED and is_own,
        "may_reject": approves and status == Status.PLANNED and not is_own,
        "may_cancel": user.has_perm("deployments.cancel_changeset")
        and status in (Status.DRAFT, Status.PLANNED, Status.APPROVED),
        "may_apply": may_write and not hindrances,
        "against": hindrances.sentences if may_write else [],
        "may_ask_override": may_write and bool(hindrances) and asked is None,
        "may_approve_override": asked if asked and not asked.approved_at and asked.requested_by_id != user.pk else None,
        "own_override": asked if asked and not asked.approved_at and asked.requested_by_id == user.pk else None,
        "may_roll_out": user.has_perm("deployments.run_rollout")
        and status == Status.APPROVED
        and (rollout is None or rollout.never_began),
        "may_retry": applies and status == Status.FAILED,
    }


def _school(request: HttpRequest, user: User) -> School | None:
    """The school that the list is narrowed to; one that this person may not see narrows nothing."""
    asked = request.GET.get("school", "")
    if not asked.isdecimal() or len(asked) > 18:
        return None
    return School.objects.visible_to(user).filter(pk=int(asked)).first()
