from intune_sync.models.automatic import AutomaticHold
from intune_sync.models.condition import GraphCondition
from intune_sync.models.detected import IntuneDetectedApp
from intune_sync.models.door import GraphBreaker, GraphHold
from intune_sync.models.drift import DriftItem, KnownRule
from intune_sync.models.epochs import Epoch, Lane
from intune_sync.models.groups import KeptGroup
from intune_sync.models.imports import AutopilotImport, ImportRow
from intune_sync.models.members import GroupMember
from intune_sync.models.mirror import IntuneApp, IntuneAssignment, IntuneGroup, UnmatchedRecord
from intune_sync.models.operations import Operation, OwnedAssignment
from intune_sync.models.orders import ActionOrder
from intune_sync.models.position import SyncPosition
from intune_sync.models.runs import SyncRun
from intune_sync.models.settings import AssignmentFilter, AutopilotProfile
from intune_sync.models.signs import QueueSign
from intune_sync.models.stops import KillSwitch

__all__ = [
    "ActionOrder",
    "AssignmentFilter",
    "AutomaticHold",
    "AutopilotImport",
    "AutopilotProfile",
    "DriftItem",
    "Epoch",
    "GraphBreaker",
    "GraphCondition",
    "GraphHold",
    "GroupMember",
    "ImportRow",
    "IntuneApp",
    "IntuneAssignment",
    "IntuneDetectedApp",
    "IntuneGroup",
    "KeptGroup",
    "KillSwitch",
    "KnownRule",
    "Lane",
    "Operation",
    "OwnedAssignment",
    "QueueSign",
    "SyncPosition",
    "SyncRun",
    "UnmatchedRecord",
]
