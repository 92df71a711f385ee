"""Requests: the list with what waits for me, writing one, and following one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.models import Application, AppRequest
from deployments.requests import forms
from deployments.requests.answers import Answer, answers, matching
from deployments.requests.queue import waiting_for
from deployments.services import requests
from deployments.views.person import person
from schools.decorators import permission_required, require
from schools.models import School, User
from schools.pages import page_of, render_page

SORTS = {"sent": "id", "needed": "needed_by", "school": "school__name"}
Status = AppRequest.Status
MOST_SUPPORTED = 20
LISTED = [status for status in Status if status != Status.MERGED]


@require_GET
@permission_required("deployments.view_apprequest")
def request_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = AppRequest.objects.visible_to(user)
    found = _narrowed(request, visible)
    page = page_of(request, found.for_list(), SORTS, order="-sent")
    context = {
        "page": page,
        "rows": page.rows,
        "chosen": request.GET.get("status", ""),
        "statuses": [(status.value, status.label) for status in LISTED],
        "q": request.GET.get("q", ""),
        "now": timezone.now(),
    }
    template, partial = "deployments/request_list.html", "deployments/_request_list.html"
    if not request.htmx:  # type: ignore[attr-defined]
        context |= {
            "waiting": waiting_for(user, timezone.now()),
            "wanted_too": list(AppRequest.objects.wanted_too_by(user).select_related("application")[:MOST_SUPPORTED]),
            "may_ask": user.has_perm("deployments.make_apprequest"),
            "may_review": user.has_perm("deployments.see_request_figures"),
            "may_hand_over": user.has_perm("deployments.hand_over_approval"),
        }
    return render_page(request, template, context, partial=partial)


def _narrowed(request: HttpRequest, found: Any) -> Any:
    chosen, words = request.GET.get("status", ""), request.GET.get("q", "").strip()[:100]
    if chosen == "open":
        found = found.open()
    elif chosen:
        found = found.filter(status=chosen)
    if words:
        found = found.filter(
            Q(application__name__icontains=words) | Q(wanted__icontains=words) | Q(school__name__icontains=words)
        )
    return found


@require_http_methods(["GET", "POST"])
@permission_required("deployments.make_apprequest")
def new(request: HttpRequest) -> HttpResponse:
    """`?application=3&school=7` chooses beforehand. A wish that is very likely of no use is shown once more."""
    user = person(request)
    if request.method == "GET":
        application = Application.objects.filter(pk=_key(request.GET.get("application"))).first()
        initial: dict[str, Any] = {"what": application.name} if application else {}
        if school := _key(request.GET.get("school")):
            initial["school"] = school
        form = forms.WishForm(user=user, initial=initial)
        return _form_page(request, form, answers_for=_known(user, application))
    form = forms.WishForm(request.POST, user=user)
    if not form.is_valid():
        return _form_page(request, form, status=400)
    known = _answers(form)
    if any(each.makes_one_stop for each in known) and request.POST.get("seen") != form.cleaned_data["what"]:
        return _form_page(request, form, answers_for=known, asks_again=True)
    return _send(request, form, user)


def _send(request: HttpRequest, form: forms.WishForm, user: User) -> HttpResponse:
    try:
        with transaction.atomic():
            sent = requests.draft(form.wish, user)
            if "keep" not in request.POST:
                requests.submit(sent, user)
    except ValidationError as error:
        form.add_rule_errors(error.message_dict if hasattr(error, "error_dict") else {"": error.messages})
        return _form_page(request, form, answers_for=_answers(form), status=400)
    if sent.status == Status.DRAFT:
        messages.success(request, _("Your draft is kept. Nobody else sees it before you send it."))
    else:
        messages.success(request, _("Sent. The school's approver decides, and you are told."))
    return redirect(sent)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft of one's own."""
    user = person(request)
    found = get_object_or_404(AppRequest.objects.visible_to(user).for_list(), pk=pk)
    require(user, "deployments.make_apprequest", found.school)
    if found.status != Status.DRAFT:
        messages.error(request, _("This request is sent already. Write in its thread if something has changed."))
        return redirect(found)
    if request.method == "GET":
        form = forms.WishForm(user=user, initial=forms.draft_as_initial(found))
        return _form_page(request, form, draft=found)
    form = forms.WishForm(request.POST, user=user)
    if not form.is_valid():
        return _form_page(request, form, draft=found, status=400)
    try:
        with transaction.atomic():
            requests.change(found, form.wish, user)
            if "keep" not in request.POST:
                requests.submit(found, user)
    except ValidationError as error:
        form.add_rule_errors(error.message_dict if hasattr(error, "error_dict") else {"": error.messages})
        return _form_page(request, form, draft=found, status=400)
    return redirect(found)


def _form_page(
    request: HttpRequest,
    form: forms.WishForm,
    *,
    answers_for: list[Answer] | None = None,
    asks_again: bool = False,
    draft: AppRequest | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "answers": answers_for or [],
        "asks_again": asks_again,
        "draft": draft,
        "names": application_names(),
        "seen": form["what"].value() if asks_again else "",
        "school": _first_school(form),
    }
    return render(request, "deployments/request_form.html", context, status=status)


def application_names() -> QuerySet[Any, str]:
    return Application.objects.order_by("name").values_list("name", flat=True)


def _first_school(form: forms.WishForm) -> Any:
    return form["school"].value()


def _answers(form: forms.WishForm) -> list[Answer]:
    wish = form.wish
    return answers([wish.application], wish.school, timezone.localdate()) if wish.application else []


def _known(user: User, application: Application | None) -> list[Answer]:
    schools = forms.schools_of(user)
    return answers([application], schools[0], timezone.localdate()) if application and schools else []


@require_GET
@permission_required("deployments.make_apprequest")
def what_is_known(request: HttpRequest) -> HttpResponse:
    """The fragment under the name while it is being typed: `?what=geo&school=3`."""
    schools = {school.pk: school for school in forms.schools_of(person(request))}
    school = schools.get(_key(request.GET.get("school"))) or next(iter(schools.values()), None)
    typed = request.GET.get("what", "")[:200]
    known = answers(matching(typed), school, timezone.localdate()) if school else []
    context = {"answers": known, "school": school.pk if school else "", "seen": typed}
    return render(request, "deployments/_request_answers.html", context)


def _key(text: str | None) -> int:
    """0, which is no row's key, for what is no key."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


@require_http_methods(["POST"])
@permission_required("deployments.make_apprequest")
def me_too(request: HttpRequest) -> HttpResponse:
    """The person's school wants what another school has asked for."""
    user = person(request)
    schools = {school.pk: school for school in forms.schools_of(user)}
    school: School | None = schools.get(_key(request.POST.get("school")))
    application = Application.objects.filter(pk=_key(request.POST.get("application"))).first()
    if school is None or application is None:
        messages.error(request, _("Choose an application and a school of yours."))
        return redirect("deployments:request_list")
    try:
        supported = requests.support(application, school, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        said = {"school": school, "application": application}
        messages.success(request, _("Noted: %(school)s wants %(application)s too. You are told when it works.") % said)
        return redirect(supported.request)
    return redirect("deployments:request_list")
