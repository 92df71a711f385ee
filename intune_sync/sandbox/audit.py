"""Intune's audit events: who changed which app, assignment or filter; and who read secrets of computers in Entra."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .chance import guid
from .clock import graph_date

Json = dict[str, Any]
KEPT = 5000


@dataclass(frozen=True, slots=True)
class Actor:
    """An app by its client id, or a person by principal name."""

    application_id: str | None = None
    user_principal_name: str | None = None

    def shown(self) -> Json:
        return {
            "auditActorType": "Application" if self.application_id else "ItPro",
            "applicationId": self.application_id,
            "applicationDisplayName": None if self.application_id else "Microsoft Intune portal extension",
            "servicePrincipalName": None,
            "userPrincipalName": self.user_principal_name,
            "userId": None,
            "ipAddress": None,
            "userPermissions": ["*"],
        }


@dataclass(slots=True)
class AuditLog:
    seed: int
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    secret_reads: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    written: int = 0

    def secret_read(self, application_id: str, activity: str, device_id: str, at: float) -> None:
        self.secret_reads.append(
            {"at": graph_date(at), "activity": activity, "device_id": device_id, "client_id": application_id}
        )

    def assignment_changed(
        self, actor: Actor, app_id: str, name: str, *, before: list[Json], after: list[Json], at: float
    ) -> None:
        event = self._event(actor, "Create MobileAppAssignment", "assign MobileApp", "Action", at)
        self._add(event, "MobileApp", app_id, name, [("Assignments", before, after)])

    def app_changed(
        self, actor: Actor, verb: str, app_id: str, name: str, *, before: Json, after: Json, at: float
    ) -> None:
        """`verb` is Create, Patch or Delete; `before` and `after` hold what changed, by property."""
        event = self._event(actor, f"{verb} MobileApp", f"{verb} MobileApp", verb, at)
        self._add(event, "MobileApp", app_id, name, _differences(before, after))

    def filter_changed(
        self, actor: Actor, verb: str, filter_id: str, name: str, *, before: Json, after: Json, at: float
    ) -> None:
        kind = "DeviceAndAppManagementAssignmentFilter"
        event = self._event(actor, f"{verb} {kind}", f"{verb} {kind}", verb, at)
        self._add(event, kind, filter_id, name, _differences(before, after))

    def _event(self, actor: Actor, display_name: str, activity_type: str, operation: str, at: float) -> Json:
        self.written += 1
        return {
            "id": guid(self.seed, "audit", self.written),
            "displayName": display_name,
            "activity": None,
            "activityDateTime": graph_date(at),
            "activityType": activity_type,
            "activityOperationType": operation,
            "activityResult": "Success",
            "correlationId": guid(self.seed, "correlation", self.written),
            "actor": actor.shown(),
        }

    def _add(self, event: Json, kind: str, identifier: str, name: str, changes: list[tuple[str, Any, Any]]) -> None:
        modified = [
            {"displayName": title, "oldValue": _text(before), "newValue": _text(after)}
            for title, before, after in changes
        ]
        resource = {
            "displayName": name,
            "auditResourceType": f"Microsoft.Management.Services.Api.{kind}",
            "resourceId": identifier,
            "modifiedProperties": modified,
        }
        is_app = kind == "MobileApp"
        self.events.append(
            event
            | {
                "componentName": "MobileApp" if is_app else "AssignmentFilter",
                "category": "Application" if is_app else "Device",
                "resources": [resource],
            }
        )


def _differences(before: Json, after: Json) -> list[tuple[str, Any, Any]]:
    return [(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
