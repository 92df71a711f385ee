from intune_sync.models.automatic import AutomaticHold
from intune_sync.models.condition import GraphCondition
from intune_sync.models.detected import IntuneDetectedApp
from intune_sync.models.groups import KeptGroup
from intune_sync.models.mirror import IntuneApp, IntuneAssignment, IntuneGroup, UnmatchedRecord
from intune_sync.models.operations import Operation, OwnedAssignment
from intune_sync.models.position import SyncPosition
from intune_sync.models.runs import SyncRun
from intune_sync.models.settings import AssignmentFilter, AutopilotProfile

__all__ = [
    "AssignmentFilter",
    "AutomaticHold",
    "AutopilotProfile",
    "GraphCondition",
    "IntuneApp",
    "IntuneAssignment",
    "IntuneDetectedApp",
    "IntuneGroup",
    "KeptGroup",
    "Operation",
    "OwnedAssignment",
    "SyncPosition",
    "SyncRun",
    "UnmatchedRecord",
]
