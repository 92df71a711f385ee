from django.urls import URLPattern

app_name = "intune_sync"
urlpatterns: list[URLPattern] = []
