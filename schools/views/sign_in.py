from django.contrib.auth.views import LoginView

from schools.forms import SignInForm


class SignIn(LoginView):
    template_name = "schools/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
