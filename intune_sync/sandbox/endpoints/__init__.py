"""Graph's paths, one module per kind of resource."""

from . import (
    app_content,
    apple,
    apps,
    autopilot,
    autopilot_imports,
    autopilot_profiles,
    compliance,
    detected_apps,
    device_actions,
    directory_delta,
    directory_devices,
    directory_groups,
    directory_users,
    managed_devices,
    reports,
    settings,
)

ROUTES = [
    *app_content.routes,
    *apple.routes,
    *apps.routes,
    *autopilot.routes,
    *autopilot_imports.routes,
    *autopilot_profiles.routes,
    *compliance.routes,
    *detected_apps.routes,
    *device_actions.routes,
    *directory_delta.routes,
    *directory_devices.routes,
    *directory_groups.routes,
    *directory_users.routes,
    *managed_devices.routes,
    *reports.routes,
    *settings.routes,
]
