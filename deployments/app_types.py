"""Intune's types of app objects, in people's words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, str | Promise] = {
    "win32LobApp": _("Win32 program"),
    "winGetApp": _("Program by winget"),
    "officeSuiteApp": _("Microsoft 365 apps"),
    "webApp": _("Web page"),
    "windowsWebApp": _("Web page"),
    "windowsMobileMSI": _("MSI program"),
    "windowsUniversalAppX": _("Windows app package"),
    "macOSPkgApp": _("macOS package (pkg)"),
    "macOSLobApp": _("macOS package (pkg)"),
    "macOSDmgApp": _("macOS disk image (dmg)"),
    "macOsVppApp": _("App bought in Apple School Manager (VPP)"),
    "macOSOfficeSuiteApp": _("Microsoft 365 apps"),
}
"""https://learn.microsoft.com/graph/api/resources/intune-apps-mobileapp; Microsoft adds types."""


def type_name(app_type: str) -> str:
    """A type that is not known here keeps the name that Intune gives it."""
    return str(NAMES.get(app_type, app_type))
