"""Pulls: Graph's present state of one resource, read whole, and then brought into our tables in one transaction."""

from collections.abc import Callable

from intune_sync.models import SyncRun
from intune_sync.pull.apps import pull_apps
from intune_sync.pull.autopilot import pull_autopilot
from intune_sync.pull.compliance import pull_compliance
from intune_sync.pull.detected_apps import pull_detected_apps
from intune_sync.pull.devices import pull_devices
from intune_sync.pull.enrolments import pull_enrolments
from intune_sync.pull.entra_devices import pull_entra_devices
from intune_sync.pull.groups import pull_groups
from intune_sync.pull.install_status import pull_install_status
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.settings import pull_filters, pull_profiles

PULLS: dict[str, Callable[[Pull], Outcome]] = {
    SyncRun.Resource.GROUPS: pull_groups,
    SyncRun.Resource.AUTOPILOT: pull_autopilot,
    SyncRun.Resource.DEVICES: pull_devices,
    SyncRun.Resource.ENTRA_DEVICES: pull_entra_devices,
    SyncRun.Resource.COMPLIANCE: pull_compliance,
    SyncRun.Resource.ENROLMENTS: pull_enrolments,
    SyncRun.Resource.APPS: pull_apps,
    SyncRun.Resource.FILTERS: pull_filters,
    SyncRun.Resource.PROFILES: pull_profiles,
    SyncRun.Resource.INSTALL_STATUS: pull_install_status,
    SyncRun.Resource.DETECTED_APPS: pull_detected_apps,
}
