"""Every call that is made to Graph's beta, and why: v1.0 is used for all else, as beta may change without notice."""

from __future__ import annotations

from typing import Final

BETA: Final = "beta"
CALLS: dict[str, str] = {
    "GET deviceAppManagement/mobileApps": "v1.0 leaves out whole kinds of apps, winget and Microsoft 365 among them",
    "POST deviceAppManagement/mobileApps": "winget apps exist in beta alone",
    "GET deviceAppManagement/mobileApps/{id}/assignments": "v1.0 hides the filters of assignments",
    "POST deviceAppManagement/mobileApps/{id}/assign": "v1.0 would take the filters away: it replaces all assignments",
    "GET deviceManagement/assignmentFilters": "v1.0 has no such path",
    "GET deviceManagement/windowsAutopilotDeploymentProfiles": "v1.0 has no such path",
    "GET deviceManagement/windowsAutopilotDeviceIdentities": (
        "v1.0 does not say whether a deployment profile has reached the computer, nor that one is blocked"
    ),
    "POST deviceManagement/windowsAutopilotSettings/sync": "v1.0 has no such path",
    "POST deviceManagement/managedDevices/{id}/rotateLocalAdminPassword": "v1.0 has no such action",
    "POST deviceManagement/managedDevices/{id}/rotateBitLockerKeys": "v1.0 has no such action",
}
