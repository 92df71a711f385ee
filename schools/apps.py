from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SchoolsConfig(AppConfig):
    name = "schools"

    def ready(self) -> None:
        import_module("schools.converters")  # `<row:pk>` is there for every room's urls.py
        import_module("schools.schema")
        autodiscover_modules("notices")  # each room's kinds of notifications
