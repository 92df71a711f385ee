"""The addresses of the follow-up, which `deployments.urls` takes in."""

from django.urls import path

from deployments.views import proof, proof_lists

urlpatterns = [
    path("decisions/<row:pk>/computers/", proof_lists.computers_of_decision, name="proof_computers"),
    path("follow-up/", proof.follow_up, name="follow_up"),
    path("follow-up/<row:pk>/", proof.semester, name="semester_report"),
    path("follow-up/<row:pk>/report.<str:format>", proof.file, name="report_file"),
    path("follow-up/<row:pk>/time-saved/", proof.time_saved, name="time_saved"),
    path("follow-up/<row:pk>/time-saved/<slug:kind>/", proof_lists.evidence, name="evidence"),
    path("follow-up/assumptions/<slug:code>/", proof.assumption, name="change_assumption"),
]
