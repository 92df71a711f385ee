"""Keeping one application of the catalogue: its description, licences, vetting card and what its versions need."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deployments.catalogue.forms import ApplicationForm, LicenceForm, NewApplicationForm, VersionForm, VettingForm
from deployments.catalogue.vetting import card_of, completeness
from deployments.models import Application, AppVersion, LicencePool, VettingCard
from deployments.services import catalogue
from deployments.views.person import person
from schools.decorators import permission_required, require


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_application")
def add_application(request: HttpRequest) -> HttpResponse:
    """One that Intune does not have yet."""
    form = NewApplicationForm(_posted(request))
    if form.is_valid():
        try:
            application = catalogue.add_application(form.cleaned_data["name"], by=person(request))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(application)s is in the catalogue.") % {"application": application})
            return redirect("deployments:edit_application", application.pk)
    status = 400 if form.is_bound else 200
    return render(request, "deployments/application_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def edit_application(request: HttpRequest, pk: int) -> HttpResponse:
    application = _application(request, pk)
    form = ApplicationForm(_posted(request), instance=application)
    if form.is_valid():
        subjects = [*form.cleaned_data["subjects"], *catalogue.subjects_named(form.new_subjects)]
        try:
            catalogue.describe(application, subjects, by=person(request), **form.described)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _done(request, application, _("%(application)s is described as you wrote."))
    return _page(request, application, form, "application_form.html")


@require_http_methods(["GET", "POST"])
def vetting_card(request: HttpRequest, pk: int) -> HttpResponse:
    application = _application(request, pk)
    card = card_of(application)
    form = VettingForm(_posted(request), instance=card or VettingCard(application=application))
    if form.is_valid():
        try:
            card = catalogue.vet(application, by=person(request), now=timezone.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            missing = completeness(card).missing
            return _done(
                request,
                application,
                _("The card is kept. It still lacks something, so that %(application)s cannot be decided yet.")
                if missing
                else _("The vetting card of %(application)s is complete."),
            )
    return _page(request, application, form, "vetting_form.html", completeness=completeness(card_of(application)))


@require_http_methods(["GET", "POST"])
def version_needs(request: HttpRequest, pk: int, version: int) -> HttpResponse:
    application = _application(request, pk)
    found = get_object_or_404(AppVersion.objects.filter(application=application), pk=version)
    form = VersionForm(_posted(request), instance=found)
    if form.is_valid():
        catalogue.state_needs(found, by=person(request), **form.cleaned_data)
        return _done(request, application, _("What this version of %(application)s needs is kept."))
    return _page(request, application, form, "version_form.html", version=found)


@require_http_methods(["GET", "POST"])
def add_licence(request: HttpRequest, pk: int) -> HttpResponse:
    application = _application(request, pk)
    return _licence(request, application, LicencePool(application=application))


@require_http_methods(["GET", "POST"])
def change_licence(request: HttpRequest, pk: int, pool: int) -> HttpResponse:
    application = _application(request, pk)
    return _licence(request, application, get_object_or_404(application.licence_pools.all(), pk=pool))


@require_POST
def drop_licence(request: HttpRequest, pk: int, pool: int) -> HttpResponse:
    application = _application(request, pk)
    catalogue.drop_pool(get_object_or_404(application.licence_pools.all(), pk=pool), by=person(request))
    return _done(request, application, _("The licences of %(application)s are removed."))


def _licence(request: HttpRequest, application: Application, pool: LicencePool) -> HttpResponse:
    form = LicenceForm(_posted(request), instance=pool)
    if form.is_valid():
        catalogue.put_pool(pool, by=person(request), **form.cleaned_data)
        return _done(request, application, _("The licences of %(application)s are kept."))
    return _page(request, application, form, "licence_form.html", pool=pool if pool.pk else None)


def _application(request: HttpRequest, pk: int) -> Application:
    user = person(request)
    application = get_object_or_404(Application.objects.visible_to(user).select_related("vetting_card"), pk=pk)
    require(user, "deployments.edit_application")
    return application


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _done(request: HttpRequest, application: Application, sentence: str) -> HttpResponse:
    messages.success(request, sentence % {"application": application.name})
    return redirect(application)


def _page(
    request: HttpRequest, application: Application, form: forms.BaseForm, template: str, **more: Any
) -> HttpResponse:
    context = {"application": application, "form": form, **more}
    return render(request, f"deployments/{template}", context, status=400 if form.is_bound else 200)
