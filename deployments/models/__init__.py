from deployments.models.applications import Application, AppVersion, Intent
from deployments.models.baselines import Baseline, BaselineEntry, BaselineRevision, Semester
from deployments.models.catalogue import Capability, CapabilityApplication, LicencePool, Subject, VettingCard
from deployments.models.changes import AssignmentChange, ChangeSet, ChangeTarget
from deployments.models.committee import AgendaItem, Decision, Delegation, Meeting, SignOff, Vote
from deployments.models.detected import DetectedUse
from deployments.models.exceptions import ExceptionRenewal, SoftwareException
from deployments.models.installs import InstallStatus
from deployments.models.overrides import CalendarOverride
from deployments.models.profiles import SoftwareProfile
from deployments.models.proof import Assumption, ProofDay
from deployments.models.proposals import Proposal, ProposalComment, ProposalSupport, Seat, Stance
from deployments.models.requests import AppRequest, RequestMessage, RequestStep, RequestSupport
from deployments.models.rollouts import (
    GateReading,
    Ring,
    RingGroup,
    RingGroupMember,
    RingGroupUse,
    RingMember,
    Rollout,
)
from deployments.models.simulations import Simulation

__all__ = [
    "AgendaItem",
    "AppRequest",
    "AppVersion",
    "Application",
    "AssignmentChange",
    "Assumption",
    "Baseline",
    "BaselineEntry",
    "BaselineRevision",
    "CalendarOverride",
    "Capability",
    "CapabilityApplication",
    "ChangeSet",
    "ChangeTarget",
    "Decision",
    "Delegation",
    "DetectedUse",
    "ExceptionRenewal",
    "GateReading",
    "InstallStatus",
    "Intent",
    "LicencePool",
    "Meeting",
    "ProofDay",
    "Proposal",
    "ProposalComment",
    "ProposalSupport",
    "RequestMessage",
    "RequestStep",
    "RequestSupport",
    "Ring",
    "RingGroup",
    "RingGroupMember",
    "RingGroupUse",
    "RingMember",
    "Rollout",
    "Seat",
    "Semester",
    "SignOff",
    "Simulation",
    "SoftwareException",
    "SoftwareProfile",
    "Stance",
    "Subject",
    "VettingCard",
    "Vote",
]
