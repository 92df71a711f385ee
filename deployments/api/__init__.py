"""Applications, baselines, install status and changes for scripts."""

from typing import Any

from rest_framework import viewsets

from deployments.api.applications import ApplicationViewSet, CapabilityViewSet
from deployments.api.change_sets import ChangeSetSerializer, ChangeSetViewSet
from deployments.api.decisions import DecisionViewSet, PreparedBaselineViewSet, PreparedRevisionViewSet
from deployments.api.delegations import DelegationViewSet
from deployments.api.exceptions import SoftwareExceptionViewSet
from deployments.api.installs import InstallStatusViewSet
from deployments.api.meetings import MeetingViewSet
from deployments.api.proof import AssumptionViewSet
from deployments.api.proposals import ProposalViewSet
from deployments.api.requests import AppRequestViewSet
from deployments.api.rollouts import RolloutSerializer, RolloutViewSet
from deployments.api.simulations import SimulationViewSet

__all__ = ["ChangeSetSerializer", "ChangeSetViewSet", "RolloutSerializer", "RolloutViewSet", "router_entries"]

router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("applications", ApplicationViewSet, "application"),
    ("capabilities", CapabilityViewSet, "capability"),
    ("baselines", PreparedBaselineViewSet, "baseline"),
    ("revisions", PreparedRevisionViewSet, "revision"),
    ("decisions", DecisionViewSet, "decision"),
    ("delegations", DelegationViewSet, "delegation"),
    ("install-status", InstallStatusViewSet, "install-status"),
    ("assumptions", AssumptionViewSet, "assumption"),
    ("proposals", ProposalViewSet, "proposal"),
    ("meetings", MeetingViewSet, "meeting"),
    ("requests", AppRequestViewSet, "request"),
    ("simulations", SimulationViewSet, "simulation"),
    ("exceptions", SoftwareExceptionViewSet, "exception"),
]
"""Change sets and roll-outs are mounted by the room that can also write them to Intune."""
