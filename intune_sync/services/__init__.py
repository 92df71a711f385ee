"""What this room does for people: plan a change, write it to Intune, take over what is there already."""

from intune_sync.services.adopt import AlreadyAdopted, adopt_app, adopt_current_state
from intune_sync.services.changes import (
    HasRollout,
    StalePlan,
    abandon_change_set,
    apply_change_set,
    freeze_plan,
    put_in_force,
    retry_change_set,
    start_due,
)

__all__ = [
    "AlreadyAdopted",
    "HasRollout",
    "StalePlan",
    "abandon_change_set",
    "adopt_app",
    "adopt_current_state",
    "apply_change_set",
    "freeze_plan",
    "put_in_force",
    "retry_change_set",
    "start_due",
]
