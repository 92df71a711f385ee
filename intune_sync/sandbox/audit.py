"""Intune's audit events: who changed which app's assignments."""

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
    written: int = 0

    def assignment_changed(
        self, actor: Actor, app_id: str, name: str, *, before: list[Json], after: list[Json], at: float
    ) -> None:
        self.written += 1
        change = {
            "displayName": "Assignments",
            "oldValue": json.dumps(before, ensure_ascii=False),
            "newValue": json.dumps(after, ensure_ascii=False),
        }
        self.events.append(
            {
                "id": guid(self.seed, "audit", self.written),
                "displayName": "Create MobileAppAssignment",
                "componentName": "MobileApp",
                "activity": None,
                "activityDateTime": graph_date(at),
                "activityType": "assign MobileApp",
                "activityOperationType": "Action",
                "activityResult": "Success",
                "correlationId": guid(self.seed, "correlation", self.written),
                "category": "Application",
                "actor": actor.shown(),
                "resources": [
                    {
                        "displayName": name,
                        "auditResourceType": "Microsoft.Management.Services.Api.MobileApp",
                        "resourceId": app_id,
                        "modifiedProperties": [change],
                    }
                ],
            }
        )
