from intune_sync.models.condition import GraphCondition
from intune_sync.models.mirror import IntuneApp, IntuneAssignment, IntuneGroup, UnmatchedRecord
from intune_sync.models.operations import Operation, OwnedAssignment
from intune_sync.models.runs import SyncRun

__all__ = [
    "GraphCondition",
    "IntuneApp",
    "IntuneAssignment",
    "IntuneGroup",
    "Operation",
    "OwnedAssignment",
    "SyncRun",
    "UnmatchedRecord",
]
