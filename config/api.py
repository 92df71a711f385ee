"""The API's addresses: each room lists its own in `router_entries`; a higher room may extend a lower one's."""

from importlib import import_module

from rest_framework.routers import SimpleRouter

ROOMS = ["schools", "fleet", "deployments", "intune_sync"]

entries = {entry[0]: entry for room in ROOMS for entry in import_module(f"{room}.api").router_entries}
router = SimpleRouter()
for prefix, viewset, basename in entries.values():
    router.register(prefix, viewset, basename)

urlpatterns = router.urls
