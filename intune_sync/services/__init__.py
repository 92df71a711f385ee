"""What this room does for people: plan a change, write it to Intune, take over what is there already."""

from intune_sync.services.adopt import AlreadyAdopted, adopt_app, adopt_current_state
from intune_sync.services.changes import (
    StalePlan,
    abandon_change_set,
    apply_change_set,
    freeze_plan,
    retry_change_set,
)

__all__ = [
    "AlreadyAdopted",
    "StalePlan",
    "abandon_change_set",
    "adopt_app",
    "adopt_current_state",
    "apply_change_set",
    "freeze_plan",
    "retry_change_set",
]
