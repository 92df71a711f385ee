"""How it stands at the door to Microsoft Graph, for the page of sync health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from intune_sync.graph.budget import budget_of
from intune_sync.graph.identities import IDENTITIES, registration
from intune_sync.models import GraphBreaker, GraphHold
from intune_sync.own_words import in_readers_language

SERVICES: dict[str, Promise] = {
    "devices": _("Computers"),
    "apps": _("Apps"),
    "enrolment": _("Autopilot"),
    "reports": _("Reports"),
    "configuration": _("Settings in Intune"),
    "entra": _("Groups and directory"),
}
WORK: dict[str, Promise] = {
    "reader": _("Reading"),
    "writer": _("Changing apps, groups and registrations"),
    "destructive": _("Actions on computers"),
}


@dataclass(frozen=True)
class Pause:
    """Nothing is sent since `since`. At `probe_at` one worker asks whether Graph is back; `probes` times it has."""

    since: datetime
    probe_at: datetime | None
    probes: int
    said: str


@dataclass(frozen=True)
class ServiceState:
    """One of Microsoft's services. Shares are in percent: of the budget for writes and for all calls that is spent in
    these seconds, and of its full speed at which the portal goes."""

    service: str
    writes_spent: int
    calls_spent: int
    pace: int
    held_until: datetime | None

    @property
    def label(self) -> Promise:
        return SERVICES[self.service]

    @property
    def is_slowed(self) -> bool:
        return self.pace < 100


@dataclass(frozen=True)
class Identity:
    """`is_own`: it has a registration of its own rather than the common one."""

    name: str
    client_id: str
    is_own: bool

    @property
    def label(self) -> Promise:
        return WORK[self.name]


@dataclass(frozen=True)
class DoorState:
    """`services` is None when Redis, which counts, does not answer: then each worker goes slowly by itself."""

    pause: Pause | None
    services: Sequence[ServiceState] | None
    identities: Sequence[Identity]

    @property
    def counts_together(self) -> bool:
        return self.services is not None

    @property
    def notable(self) -> list[ServiceState]:
        """Services that Microsoft holds back or that go slower than usual."""
        return [each for each in self.services or () if each.held_until or each.is_slowed]


def door_state() -> DoorState:
    """Two queries, and one question to Redis."""
    row = GraphBreaker.objects.filter(pk=1, opened_at__isnull=False).first()
    held = _held()
    return DoorState(
        pause=Pause(row.opened_at, row.probe_at, row.probes, in_readers_language(row.error))
        if row and row.opened_at
        else None,
        services=_services(held),
        identities=[_identity(name) for name in IDENTITIES],
    )


def _held() -> dict[str, datetime]:
    rows = GraphHold.objects.filter(until__gt=timezone.now()).order_by("until")
    return dict(rows.values_list("service", "until"))


def _services(held: dict[str, datetime]) -> list[ServiceState] | None:
    spending = budget_of(registration("writer").client_id).spending()
    if spending is None:
        return None
    by_pair = {(each.service, each.kind): each for each in spending}
    return [
        ServiceState(
            service=service,
            writes_spent=_percent(by_pair[service, "write"].spent, by_pair[service, "write"].limit),
            calls_spent=_percent(by_pair[service, "any"].spent, by_pair[service, "any"].limit),
            pace=by_pair[service, "any"].pace,
            held_until=held.get(service),
        )
        for service in dict.fromkeys(each.service for each in spending)
    ]


def _percent(part: int, whole: int) -> int:
    return min(100, round(100 * part / whole))


def _identity(name: str) -> Identity:
    return Identity(name, registration(name).client_id, bool(settings.GRAPH_IDENTITIES[name]["client_id"]))
