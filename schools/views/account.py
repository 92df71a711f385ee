"""A person's own page: who they are here, their password, their API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from schools.forms import PasswordForm, TokenForm
from schools.models import ApiToken, User
from schools.notifications.forms import WishesForm
from schools.notifications.outbox import wishes_of
from schools.services.people import note_password_change
from schools.services.tokens import issue_token, revoke_token
from schools.views.person import person


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "schools/account.html", account_context(person(request)))


@require_POST
@never_cache
def token_issue(request: HttpRequest) -> HttpResponse:
    """Answers with the new token itself, since it is kept nowhere to be shown after a redirect."""
    owner, form = person(request), TokenForm(request.POST)
    if form.is_valid():
        try:
            token, text = issue_token(owner, form.cleaned_data["name"], form.cleaned_data["days"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "schools/token_issued.html", {"token": token, "text": text})
    return render(request, "schools/account.html", account_context(owner, tokens=form), status=400)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    owner = person(request)
    token = get_object_or_404(ApiToken.objects.visible_to(owner), pk=pk)
    revoke_token(token, by=owner)
    messages.success(request, _("The token “%(name)s” no longer opens anything.") % {"name": token.name})
    return redirect("schools:account")


class PasswordChange(PasswordChangeView):
    http_method_names = ["get", "post"]
    form_class = PasswordForm
    template_name = "schools/password.html"
    success_url = reverse_lazy("schools:account")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if hasattr(request.user, "entra"):
            raise Http404  # the password is Entra's
        return super().dispatch(request, *args, **options)

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            note_password_change(person(self.request))
        messages.success(self.request, _("Your password is changed. Other browsers are signed out."))
        return response


def account_context(
    owner: User, *, tokens: TokenForm | None = None, wishes: WishesForm | None = None
) -> dict[str, Any]:
    """What the page shows; a form that was filled in wrongly comes back as it was."""
    now: datetime = timezone.now()
    held = ApiToken.objects.visible_to(owner)
    return {
        "form": tokens or TokenForm(),
        "wishes": wishes or WishesForm(initial=model_to_dict(wishes_of(owner))),
        "roles": owner.role_assignments.current(now).select_related("school").order_by("role", "school__name"),
        "by_entra": hasattr(owner, "entra"),
        "usable": held.usable(now),
        "closed": [token for token in held[:20] if not token.is_usable(now)],
    }
