from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config import views
from config.api_reference import reference

urlpatterns = [
    path("", views.overview, name="overview"),
    path("health/", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("theme/", views.theme, name="theme"),
    path("api/v1/", include("config.api")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/", reference, name="api_reference"),
    path("", include("schools.urls")),
    path("", include("fleet.urls")),
    path("", include("deployments.urls")),
    path("", include("intune_sync.urls")),
]

handler400 = "schools.refusals.bad_request"
handler403 = "schools.refusals.permission_denied"
handler404 = "schools.refusals.not_found"
handler500 = "schools.refusals.server_error"
