from django.urls import path

from deployments.views import applications, baselines, devices, drafts, schools, semesters

app_name = "deployments"
urlpatterns = [
    path("devices/<row:pk>/", devices.device, name="device"),
    path("schools/", schools.school_list, name="school_list"),
    path("schools/<row:pk>/", schools.school, name="school"),
    path("applications/", applications.application_list, name="application_list"),
    path("applications/<row:pk>/", applications.application, name="application"),
    path("baselines/", baselines.baseline_list, name="baseline_list"),
    path("baselines/open/", semesters.open_page, name="open_semester"),
    path("baselines/<row:pk>/", baselines.baseline, name="baseline"),
    path("baselines/<row:pk>/draft/", drafts.start, name="start_draft"),
    path("containers/<row:pk>/", baselines.container, name="container"),
    path("revisions/<row:pk>/", baselines.revision, name="revision"),
    path("revisions/<row:pk>/entries/", drafts.add_entry, name="add_entry"),
    path("revisions/<row:pk>/entries/<row:entry>/", drafts.change_entry, name="change_entry"),
    path("revisions/<row:pk>/entries/<row:entry>/drop/", drafts.drop_entry, name="drop_entry"),
    path("revisions/<row:pk>/propose/", drafts.propose, name="propose"),
    path("revisions/<row:pk>/discard/", drafts.discard, name="discard_draft"),
    path("revisions/<row:pk>/update/", drafts.bring_up_to_date, name="bring_up_to_date"),
]
