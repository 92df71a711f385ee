"""The main menu: what a person's roles reach, in the order of a working day."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from schools.access import Access


@dataclass(frozen=True)
class Place:
    """A line of the menu; `permission` None is for everybody; `also` are other addresses that belong under it."""

    name: str
    label: str | Promise
    icon: str
    permission: str | None = None
    also: tuple[str, ...] = ()


PLACES = [
    Place("overview", _("Overview"), "home"),
    Place("fleet:device_list", _("Computers"), "device-laptop", "fleet.view_device"),
    Place("deployments:school_list", _("Schools"), "school", "schools.view_school", ("/calendar/",)),
    Place("deployments:program_list", _("The school's programs"), "table", "deployments.view_program"),
    Place("deployments:application_list", _("Applications"), "apps", "deployments.view_licence", ("/capabilities/",)),
    Place(
        "deployments:baseline_list",
        _("Baseline"),
        "stack-2",
        "deployments.view_baseline",
        ("/revisions/", "/containers/", "/decisions/"),
    ),
    Place("deployments:request_list", _("Requests"), "send", "deployments.view_apprequest", ("/exceptions/",)),
    Place("deployments:proposal_list", _("Proposals"), "gavel", "deployments.view_proposal"),
    Place("deployments:meeting_list", _("Meetings"), "calendar-event", "deployments.view_meeting"),
    Place("intune_sync:change_set_list", _("Changes"), "list-check", "deployments.view_changeset"),
    Place("deployments:rollout_list", _("Roll-outs"), "circles", "deployments.view_changeset"),
    Place("intune_sync:drift_list", _("Drift"), "arrows-diff", "intune_sync.view_drift"),
    Place("deployments:follow_up", _("Follow-up"), "chart-line", "deployments.view_proof"),
    Place("intune_sync:health", _("Synchronisation"), "heart-rate-monitor", "intune_sync.view_syncrun", ("/intune/",)),
    Place("schools:audit", _("Audit trail"), "history", "schools.view_auditevent"),
    Place("schools:account", _("Account"), "user"),
]


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise
    icon: str
    is_current: bool
    waiting: int


def links(access: Access, path: str, approvals: int) -> list[Link]:
    """The menu for somebody with this access who is looking at `path`; `approvals` wait for them under Changes."""
    return [
        Link(
            url=reverse(place.name),
            label=place.label,
            icon=place.icon,
            is_current=_covers(place, path),
            waiting=approvals if place.name == "intune_sync:change_set_list" else 0,
        )
        for place in PLACES
        if place.permission is None or access.reads(place.permission)
    ]


def _covers(place: Place, path: str) -> bool:
    url = reverse(place.name)
    return path == url or (url != "/" and path.startswith((url, *place.also)))
