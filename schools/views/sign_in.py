from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpResponse

from schools import audit
from schools.forms import SignInForm
from schools.models import User


class SignIn(LoginView):
    template_name = "schools/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    @transaction.atomic
    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user: User = form.get_user()
        audit.record("person.signed_in", user, by=user)
        return super().form_valid(form)
