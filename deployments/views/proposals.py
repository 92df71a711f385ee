"""Proposals for the coming term: the list, one with its evidence, and what people do with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.committee.calendar import days_left, is_open_for_proposals, why_closed
from deployments.committee.consequences import impact_of_proposal
from deployments.committee.evidence import evidence_of
from deployments.committee.forms import CommentForm, StanceForm, WhyForm, show
from deployments.committee.preview import preview_of
from deployments.committee.proposal_form import ProposalForm
from deployments.committee.wording import asks_for
from deployments.models import AppRequest, Baseline, Proposal, Seat, Stance
from deployments.models.proposals import CONTAINERS
from deployments.services import proposals, stances
from deployments.views.person import person
from schools.decorators import permission_required, require
from schools.models import User
from schools.pages import page_of, render_page

NAMES = ["application", "replaces", "version", "proposed_by", "baseline__semester", *CONTAINERS]
UNDECIDED = [Proposal.Status.OPEN, Proposal.Status.TABLED, Proposal.Status.RETURNED]


@require_GET
@permission_required("deployments.view_proposal")
def proposal_list(request: HttpRequest) -> HttpResponse:
    user, on = person(request), timezone.localdate()
    visible = Proposal.objects.visible_to(user)
    chosen = request.GET.get("status", "")
    rows = visible.filter(status=chosen) if chosen in Proposal.Status.values else visible
    page = page_of(
        request,
        rows.select_related(*NAMES).annotate(support=Count("supporters")),
        {"made": "id", "application": "application__name"},
        order="-made",
        size=25,
    )
    counts = dict(visible.order_by().values_list("status").annotate(Count("pk")))
    context = {
        "page": page,
        "total": sum(counts.values()),
        "undecided": counts.get("open", 0) + counts.get("tabled", 0),
        "chips": [(s.value, s.label, counts[s]) for s in Proposal.Status if counts.get(s)],
        "chosen": chosen,
        "window": _window(on),
        "may_propose": user.has_perm("deployments.make_proposal"),
        "committee_name": settings.COMMITTEE_NAME,
    }
    return render_page(request, "deployments/proposal_list.html", context, partial="deployments/_proposal_list.html")


def _window(on: Any) -> dict[str, Any]:
    """The semester that takes proposals now, or why none does."""
    for baseline in Baseline.objects.select_related("semester").order_by("-semester__starts_on")[:4]:
        if is_open_for_proposals(baseline.semester, on):
            return {
                "baseline": baseline,
                "days_left": days_left(baseline.semester, on),
                "closes": baseline.semester.freeze_on,
            }
    latest = Baseline.objects.select_related("semester").order_by("-semester__starts_on").first()
    return {"closed": why_closed(latest.semester, on) if latest else _("No semester is open yet.")}


@require_http_methods(["GET", "POST"])
@permission_required("deployments.make_proposal")
def make_proposal(request: HttpRequest) -> HttpResponse:
    """`?application=3&kind=remove` chooses beforehand. While the form is filled in, its fields and what it would do on
    the computers are fetched from here again."""
    user, on = person(request), timezone.localdate()
    form = (
        ProposalForm(request.POST, on=on)
        if request.method == "POST"
        else ProposalForm(initial=request.GET.dict(), on=on)
    )
    if form.is_bound and form.is_valid():
        try:
            made = proposals.propose(by=user, on=on, **form.says)
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The proposal is made. Others can support it and comment on it now."))
            return redirect(made)
    so_far = ProposalForm(request.POST or request.GET, on=on)
    so_far.is_valid()
    context = {"form": form, "window": _window(on), "preview": preview_of(so_far.says_so_far, on)}
    response = render_page(
        request, "deployments/proposal_form.html", context, partial="deployments/_proposal_fields.html"
    )
    response.status_code = 400 if form.is_bound else 200
    return response


@require_GET
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _proposal(person(request), pk))


def _page(request: HttpRequest, found: Proposal, status: int = 200, **forms: Any) -> HttpResponse:
    user, on = person(request), timezone.localdate()
    supporters = list(found.supporters.select_related("user").order_by("pk"))
    is_undecided = found.status in UNDECIDED
    is_own = found.proposed_by_id == user.pk
    applications = [each for each in (found.application, found.replaces) if each]
    may_edit = is_own or user.has_perm("deployments.edit_baseline")
    sees_meetings = user.access.reads("deployments.view_meeting")
    taken = list(found.stances.select_related("seat", "user")) if sees_meetings else []
    context = {
        "proposal": found,
        "asks_for": asks_for(found),
        "stances": taken,
        "stance_forms": _stance_forms(found, user, taken),
        "evidence": list(evidence_of(applications, on).values()),
        "impact": impact_of_proposal(found) if is_undecided else None,
        "supporters": supporters,
        "comments": found.comments.select_related("author"),
        "decisions": found.decisions.order_by("-pk"),
        "agenda_items": found.agenda_items.select_related("meeting__baseline__semester").order_by("-meeting"),
        "sees_meetings": sees_meetings,
        "may_support": is_undecided
        and not is_own
        and user.has_perm("deployments.discuss_proposal")
        and all(each.user_id != user.pk for each in supporters),
        "may_comment": is_undecided and user.has_perm("deployments.discuss_proposal"),
        "may_withdraw": is_undecided and may_edit,
        "may_reopen": found.status == Proposal.Status.RETURNED and may_edit,
        "comment_form": CommentForm(),
        "why_form": WhyForm(initial={"reason": found.reason}),
        **forms,
    }
    return render(request, "deployments/proposal.html", context, status=status)


def _stance_forms(found: Proposal, user: User, taken: list[Stance]) -> list[StanceForm]:
    """One for each seat of the person, while the proposal waits for a meeting."""
    waits = found.status in (Proposal.Status.OPEN, Proposal.Status.TABLED)
    if not waits or not user.has_perm("deployments.take_stance"):
        return []
    by_seat = {each.seat_id: each for each in taken}
    seats = Seat.objects.filter(holder=user)
    return [
        StanceForm(
            seats=seats,
            auto_id=f"stance-{seat.pk}-%s",
            initial={"seat": seat, "choice": noted.choice if noted else "", "text": noted.text if noted else ""},
        )
        for seat in seats
        for noted in [by_seat.get(seat.pk)]
    ]


@require_POST
def take_stance(request: HttpRequest, pk: int) -> HttpResponse:
    """What a seat of the person's thinks before the meeting."""
    user = person(request)
    found = _proposal(user, pk)
    require(user, "deployments.take_stance")
    form = StanceForm(request.POST, seats=Seat.objects.filter(holder=user))
    if not form.is_valid():
        messages.error(request, _("Choose what the seat leans towards, and say why in at most 300 letters."))
        return redirect(found)
    said = form.cleaned_data
    try:
        stances.take_stance(found, said["seat"], said["choice"], said["text"], user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("It is noted, and the other members see it. It is no vote."))
    return redirect(found)


@require_POST
def support(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = _proposal(user, pk)
    require(user, "deployments.discuss_proposal")
    try:
        proposals.support(found, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("You support the proposal."))
    return redirect(found)


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = _proposal(user, pk)
    require(user, "deployments.discuss_proposal")
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, comment_form=form)
    try:
        proposals.comment(found, form.cleaned_data["text"], user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(found)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = _proposal(user, pk)
    try:
        proposals.withdraw(found, user, request.POST.get("reason", "")[:2000])
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("The proposal is withdrawn. It is kept for the record."))
    return redirect(found)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = _proposal(user, pk)
    require(user, "deployments.make_proposal")
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, why_form=form)
    try:
        proposals.reopen(found, form.cleaned_data["reason"], user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("The proposal is before the committee again."))
    return redirect(found)


@require_POST
def raise_from_request(request: HttpRequest, pk: int) -> HttpResponse:
    """A school's request becomes a proposal for everybody."""
    user = person(request)
    wish = get_object_or_404(AppRequest.objects.visible_to(user).select_related("application"), pk=pk)
    require(user, "deployments.make_proposal")
    try:
        made = proposals.raise_from_request(wish, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(wish)
    messages.success(request, _("The request is now a proposal for the whole municipality."))
    return redirect(made)


def _proposal(user: User, pk: int) -> Proposal:
    names = [*NAMES, "raised_from__school", "raised_from__application"]
    return get_object_or_404(Proposal.objects.visible_to(user).select_related(*names), pk=pk)
