from django.apps import AppConfig


class IntuneSyncConfig(AppConfig):
    name = "intune_sync"
