from django.urls import path

import schools.converters  # noqa: F401 - registers <row:pk>
from intune_sync.views import health

app_name = "intune_sync"
urlpatterns = [
    path("sync/", health.health, name="health"),
    path("sync/start/", health.start_sync, name="start_sync"),
    path("sync/runs/", health.sync_run_list, name="sync_run_list"),
    path("sync/runs/<row:pk>/", health.sync_run, name="sync_run"),
    path("sync/runs/<row:pk>/release/", health.release_run, name="release_run"),
    path("sync/unmatched/", health.unmatched_list, name="unmatched_list"),
]
