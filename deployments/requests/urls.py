"""The addresses of requests, which `deployments.urls` takes in."""

from django.urls import path

from deployments.views import deputies, request, request_acts, request_review, requests

urlpatterns = [
    path("requests/", requests.request_list, name="request_list"),
    path("requests/new/", requests.new, name="new_request"),
    path("requests/known/", requests.what_is_known, name="request_answers"),
    path("requests/me-too/", requests.me_too, name="support_request"),
    path("requests/review/", request_review.review, name="request_review"),
    path("requests/deputies/", deputies.deputies, name="deputies"),
    path("requests/deputies/<row:pk>/end/", deputies.end_deputy, name="end_deputy"),
    path("requests/<row:pk>/", request.show, name="request"),
    path("requests/<row:pk>/change/", requests.change, name="change_request"),
    path("requests/<row:pk>/submit/", request_acts.submit, name="submit_request"),
    path("requests/<row:pk>/approve/", request_acts.approve, name="approve_request"),
    path("requests/<row:pk>/refuse/", request_acts.refuse, name="refuse_request"),
    path("requests/<row:pk>/withdraw/", request_acts.withdraw, name="withdraw_request"),
    path("requests/<row:pk>/messages/", request_acts.say, name="message_request"),
    path("requests/<row:pk>/works/", request_acts.pilot_works, name="pilot_works"),
    path("requests/<row:pk>/skip/", request_acts.skip_pilot, name="skip_pilot"),
    path("requests/<row:pk>/committee/", request_acts.to_committee, name="request_to_committee"),
    path("requests/<row:pk>/name/", request_acts.name_application, name="name_application"),
    path("requests/<row:pk>/merge/", request_acts.merge, name="merge_request"),
]
