from importlib import import_module

from django.apps import AppConfig


class SchoolsConfig(AppConfig):
    name = "schools"

    def ready(self) -> None:
        import_module("schools.converters")  # `<row:pk>` is there for every room's urls.py
        import_module("schools.schema")
