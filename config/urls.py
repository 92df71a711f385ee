from django.urls import include, path

urlpatterns = [
    path("", include("schools.urls")),
    path("", include("fleet.urls")),
    path("", include("deployments.urls")),
    path("", include("intune_sync.urls")),
]
