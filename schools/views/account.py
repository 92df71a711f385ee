"""A person's own page: who they are here, their password, their API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from schools.forms import PasswordForm, TokenForm
from schools.models import ApiToken, User
from schools.services.people import note_password_change
from schools.services.tokens import issue_token, revoke_token


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "schools/account.html", _context(_person(request), TokenForm()))


@require_POST
@never_cache
def token_issue(request: HttpRequest) -> HttpResponse:
    """Answers with the new token itself, since it is kept nowhere to be shown after a redirect."""
    person, form = _person(request), TokenForm(request.POST)
    if form.is_valid():
        try:
            token, text = issue_token(person, form.cleaned_data["name"], form.cleaned_data["days"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "schools/token_issued.html", {"token": token, "text": text})
    return render(request, "schools/account.html", _context(person, form), status=400)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(request)
    token = get_object_or_404(ApiToken.objects.visible_to(person), pk=pk)
    revoke_token(token, by=person)
    messages.success(request, _("The token “%(name)s” no longer opens anything.") % {"name": token.name})
    return redirect("schools:account")


class PasswordChange(PasswordChangeView):
    http_method_names = ["get", "post"]
    form_class = PasswordForm
    template_name = "schools/password.html"
    success_url = reverse_lazy("schools:account")

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            note_password_change(_person(self.request))
        messages.success(self.request, _("Your password is changed. Other browsers are signed out."))
        return response


def _context(person: User, form: TokenForm) -> dict[str, Any]:
    now: datetime = timezone.now()
    tokens = ApiToken.objects.visible_to(person)
    return {
        "form": form,
        "roles": person.role_assignments.current(now).select_related("school").order_by("role", "school__name"),
        "usable": tokens.usable(now),
        "closed": [token for token in tokens[:20] if not token.is_usable(now)],
    }


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware
    return request.user
