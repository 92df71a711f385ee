"""Preparing the next revision: start a draft, put and drop entries, propose or discard it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deployments.forms import DecisionForm, EntryForm, ReasonForm
from deployments.models import Baseline, BaselineEntry, BaselineRevision
from deployments.models.moves import InvalidMove
from deployments.services import changes, drafts, publishing
from deployments.services.capabilities import put_capability
from deployments.services.profiles import profile_of
from deployments.views.person import person
from schools.decorators import require
from schools.models import User


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    baseline = get_object_or_404(Baseline.objects.visible_to(user), pk=pk)
    require(user, "deployments.edit_baseline")
    draft = drafts.start_draft(baseline, by=user)
    messages.success(request, _("The draft has all that the active revision says. Change what you want in it."))
    return redirect(draft)


@require_http_methods(["GET", "POST"])
def add_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """A form to choose everything; `?container=school:7&application=3` chooses beforehand."""
    user = person(request)
    draft = _draft(user, pk)
    if not draft.is_editable:
        return _not_editable(request, draft)
    form = EntryForm(request.POST) if request.method == "POST" else EntryForm(initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            entries = _put(form, draft, user)
        except ValidationError as error:
            _show(form, error)
        else:
            for entry in entries:
                messages.success(request, _("The draft now says: %(entry)s.") % {"entry": entry})
            return redirect(draft)
    return _form_page(request, draft, form)


def _put(form: EntryForm, draft: BaselineRevision, user: User) -> list[BaselineEntry]:
    """One entry, or one for each application of a capability. Raises ValidationError."""
    profile = profile_of(form.owner)
    if form.capability_chosen:
        return put_capability(draft, profile, form.capability_chosen, **form.says, by=user)
    return [drafts.put_entry(draft, profile, form.cleaned_data["application"], **form.says, by=user)]


@require_http_methods(["GET", "POST"])
def change_entry(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    user = person(request)
    draft = _draft(user, pk)
    found = get_object_or_404(draft.entries.select_related("profile", "application", "version"), pk=entry)
    if not draft.is_editable:
        return _not_editable(request, draft)
    initial = {"decision": found.intent or found.action, "version": found.version_id}
    form = DecisionForm(
        request.POST if request.method == "POST" else None, application=found.application, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            put = drafts.put_entry(draft, found.profile, found.application, **form.says, by=user)
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, _("The draft now says: %(entry)s.") % {"entry": put})
            return redirect(draft)
    return _form_page(request, draft, form, found)


def _not_editable(request: HttpRequest, revision: BaselineRevision) -> HttpResponse:
    messages.error(request, InvalidMove(revision.status, revision.get_status_display()).messages[0])
    return redirect(revision)


def _form_page(
    request: HttpRequest, draft: BaselineRevision, form: DecisionForm, entry: BaselineEntry | None = None
) -> HttpResponse:
    context = {"revision": draft, "form": form, "entry": entry}
    status = 400 if form.is_bound else 200
    return render(request, "deployments/entry_form.html", context, status=status)


def _show(form: DecisionForm, error: ValidationError) -> None:
    form.add_rule_errors(error.message_dict if hasattr(error, "error_dict") else {"": error.messages})


@require_POST
def drop_entry(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    user = person(request)
    draft = _draft(user, pk)
    found = get_object_or_404(draft.entries.select_related("revision", "profile", "application", "version"), pk=entry)
    try:
        drafts.drop_entry(found, by=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(draft)


@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """To the preview of the change, which the page of the change set makes."""
    user = person(request)
    draft = _revision(user, pk)
    require(user, "deployments.propose_change")
    form = ReasonForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        change_set = changes.propose(draft, by=user, reason=reason)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return redirect(draft)
    return redirect(change_set)


@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """From what the committee decided to the change that carries it out."""
    user = person(request)
    found = _revision(user, pk)
    require(user, "deployments.propose_change")
    try:
        change_set = publishing.publish(found, by=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(found)
    return redirect(change_set)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    draft = _draft(user, pk)
    try:
        drafts.discard_draft(draft, by=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(draft)
    messages.success(request, _("%(draft)s is discarded. It is kept for the record.") % {"draft": draft})
    return redirect(draft.baseline)


@require_POST
def bring_up_to_date(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    draft = _draft(user, pk)
    try:
        drafts.bring_up_to_date(draft, by=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("Your changes now stand on the active revision."))
    return redirect(draft)


def _revision(user: User, pk: int) -> BaselineRevision:
    revisions = BaselineRevision.objects.visible_to(user).select_related("baseline__semester")
    return get_object_or_404(revisions, pk=pk)


def _draft(user: User, pk: int) -> BaselineRevision:
    """The revision that is to be edited; whether it is a draft still, the services say."""
    found = _revision(user, pk)
    require(user, "deployments.edit_baseline")
    return found
