from deployments.models.applications import Application, AppVersion, Intent
from deployments.models.baselines import Baseline, BaselineEntry, BaselineRevision, Semester
from deployments.models.changes import AssignmentChange, ChangeSet, ChangeTarget
from deployments.models.installs import InstallStatus
from deployments.models.profiles import SoftwareProfile

__all__ = [
    "AppVersion",
    "Application",
    "AssignmentChange",
    "Baseline",
    "BaselineEntry",
    "BaselineRevision",
    "ChangeSet",
    "ChangeTarget",
    "InstallStatus",
    "Intent",
    "Semester",
    "SoftwareProfile",
]
