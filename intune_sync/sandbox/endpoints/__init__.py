"""Graph's paths, one module per kind of resource."""

from . import apps, autopilot, detected_apps, directory_devices, directory_groups, managed_devices, reports, settings

ROUTES = [
    *apps.routes,
    *autopilot.routes,
    *detected_apps.routes,
    *directory_devices.routes,
    *directory_groups.routes,
    *managed_devices.routes,
    *reports.routes,
    *settings.routes,
]
