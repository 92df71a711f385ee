from django.urls import path

from fleet import views

app_name = "fleet"
urlpatterns = [
    path("devices/", views.device_list, name="device_list"),
    path("devices/export.<str:format>", views.device_export, name="device_export"),
]
