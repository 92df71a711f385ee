"""Applications, baselines, install status and changes for scripts."""

from typing import Any

from rest_framework import viewsets

from deployments.api.applications import ApplicationViewSet, CapabilityViewSet
from deployments.api.baselines import BaselineViewSet, RevisionViewSet
from deployments.api.change_sets import ChangeSetSerializer, ChangeSetViewSet
from deployments.api.installs import InstallStatusViewSet
from deployments.api.requests import AppRequestViewSet

__all__ = ["ChangeSetSerializer", "ChangeSetViewSet", "router_entries"]

router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("applications", ApplicationViewSet, "application"),
    ("capabilities", CapabilityViewSet, "capability"),
    ("baselines", BaselineViewSet, "baseline"),
    ("revisions", RevisionViewSet, "revision"),
    ("install-status", InstallStatusViewSet, "install-status"),
    ("requests", AppRequestViewSet, "request"),
]
"""Change sets (`ChangeSetViewSet`) are mounted by the room that can also preview and apply them."""
