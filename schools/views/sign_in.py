"""The sign-in page, for accounts of Entra and of the portal's own, and signing out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from schools import audit
from schools.entra.backend import PATH
from schools.entra.door import door, is_open
from schools.entra.middleware import NOTE
from schools.entra.refusals import REFUSALS, EntraUnreachable, SignInRefused
from schools.forms import SignInForm
from schools.models import User


class SignIn(LoginView):
    template_name = "schools/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **options: Any) -> HttpResponse:
        if not settings.LOCAL_ACCOUNTS:
            raise PermissionDenied
        return super().post(request, *args, **options)

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        note = REFUSALS.get(self.request.session.pop(NOTE, ""), "") if NOTE in self.request.session else ""
        return super().get_context_data(
            note=note, entra_url=self._entra_url(), local_accounts=settings.LOCAL_ACCOUNTS, **options
        )

    @transaction.atomic
    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user: User = form.get_user()
        audit.record("person.signed_in", user, by=user)
        return super().form_valid(form)

    def _entra_url(self) -> str:
        """On the host that Entra sends people back to: the session that begins the sign-in has to be there too."""
        if not is_open():
            return ""
        going_to = self.get_redirect_url()
        query = f"?{urlencode({'next': going_to})}" if going_to else ""
        return f"{settings.SITE_URL}{reverse('schools:entra_begin')}{query}"


class SignOut(LogoutView):
    """Who signed in with Entra is signed out there as well, as on a shared computer they have to be."""

    def post(self, request: HttpRequest, *args: str, **options: Any) -> HttpResponse:
        by_entra = request.session.get(BACKEND_SESSION_KEY) == PATH
        response = super().post(request, *args, **options)
        if not by_entra:
            return response
        try:
            return HttpResponseRedirect(door().sign_out_url(f"{settings.SITE_URL}{reverse('schools:login')}"))
        except (EntraUnreachable, SignInRefused):
            request.session[NOTE] = "half_signed_out"
            return response
