from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DeploymentsConfig(AppConfig):
    name = "deployments"

    def ready(self) -> None:
        autodiscover_modules("evidence")  # what other rooms can show of saved time
