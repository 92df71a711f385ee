from django.urls import include, path

from config import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("health/", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("theme/", views.theme, name="theme"),
    path("", include("schools.urls")),
    path("", include("fleet.urls")),
    path("", include("deployments.urls")),
    path("", include("intune_sync.urls")),
]
