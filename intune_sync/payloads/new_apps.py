"""Apps that can be created without a file to upload: winget packages of the Microsoft Store, and links.

Only beta has winget apps. https://learn.microsoft.com/graph/api/resources/intune-apps-wingetapp?view=graph-rest-beta
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WINGET, WEB = "winGetApp", "webApp"
MARK = "Terminsklar"


def new_app_body(app: Mapping[str, str]) -> dict[str, Any]:
    """`app` has type, name, publisher, description, marker, and package (winget) or address (web)."""
    body: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.{app['type']}",
        "displayName": app["name"],
        "publisher": app["publisher"],
        "description": app["description"] or app["name"],
        "notes": mark(app["marker"]),
    }
    if app["type"] == WINGET:
        return {**body, "packageIdentifier": app["package"], "installExperience": {"runAsAccount": "system"}}
    return {**body, "appUrl": app["address"], "useManagedBrowser": False}


def mark(marker: str) -> str:
    """What makes an app that we created findable, whatever people rename it to."""
    return f"{MARK} {marker}"


def with_name(name: str) -> dict[str, str]:
    quoted = name.replace("'", "''")
    return {"$filter": f"displayName eq '{quoted}'"}


def marked(raws: Iterable[dict[str, Any]], marker: str) -> dict[str, Any] | None:
    return next((raw for raw in raws if mark(marker) in str(raw.get("notes"))), None)
