"""The addresses of exceptions, which `deployments.urls` takes in."""

from django.urls import path

from deployments.views import exception_acts, exceptions

urlpatterns = [
    path("exceptions/", exceptions.exception_list, name="exception_list"),
    path("exceptions/new/", exceptions.new, name="new_exception"),
    path("exceptions/<row:pk>/", exceptions.show, name="exception"),
    path("exceptions/<row:pk>/approve/", exception_acts.approve, name="approve_exception"),
    path("exceptions/<row:pk>/refuse/", exception_acts.refuse, name="refuse_exception"),
    path("exceptions/<row:pk>/withdraw/", exception_acts.withdraw, name="withdraw_exception"),
    path("exceptions/<row:pk>/end/", exception_acts.end, name="end_exception"),
    path("exceptions/<row:pk>/renew/", exception_acts.renew, name="renew_exception"),
    path("exceptions/<row:pk>/renewal/grant/", exception_acts.grant, name="grant_renewal"),
    path("exceptions/<row:pk>/renewal/refuse/", exception_acts.refuse_renewal, name="refuse_renewal"),
]
