"""The API's addresses: each room lists its own in `router_entries`."""

from importlib import import_module
from importlib.util import find_spec

from rest_framework.routers import SimpleRouter

ROOMS = ["schools", "fleet", "deployments", "intune_sync"]

router = SimpleRouter()
for room in ROOMS:
    if find_spec(f"{room}.api"):
        for prefix, viewset, basename in import_module(f"{room}.api").router_entries:
            router.register(prefix, viewset, basename)

urlpatterns = router.urls
