"""An app as Graph shows it, by type and version."""

from typing import Any

from .apps import App
from .clock import graph_date

Json = dict[str, Any]


def app_json(app: App, version: str, now: float) -> Json:
    spec = app.spec
    shown: Json = {
        "@odata.type": f"#microsoft.graph.{spec.type}",
        "id": spec.id,
        "displayName": spec.display_name,
        "description": spec.description,
        "publisher": spec.publisher,
        "createdDateTime": graph_date(app.created_at),
        "lastModifiedDateTime": graph_date(app.changed_at),
        "isFeatured": False,
        "privacyInformationUrl": None,
        "informationUrl": None,
        "owner": "",
        "developer": "",
        "notes": app.notes,
        "publishingState": app.publishing_state(now),
    }
    if version == "beta":
        shown |= {
            "uploadState": 1,
            "isAssigned": bool(app.assignments),
            "roleScopeTagIds": ["0"],
            "dependentAppCount": 0,
            "supersedingAppCount": 0,
            "supersededAppCount": 0,
        }
    details = {
        "win32LobApp": _win32,
        "winGetApp": _winget,
        "officeSuiteApp": _office,
        "webApp": _web,
        "macOSPkgApp": _mac_pkg,
        "macOSDmgApp": _mac_dmg,
    }
    whole = shown | details[spec.type](app, version)
    return whole | {name: value for name, value in app.extra.items() if name in whole}


def _win32(app: App, version: str) -> Json:
    spec = app.spec
    folder = spec.display_name.replace(" ", "")
    rule: Json = {
        "@odata.type": "#microsoft.graph.win32LobAppFileSystemRule",
        "ruleType": "detection",
        "path": f"C:\\Program Files\\{folder}",
        "fileOrFolderName": f"{folder}.exe",
        "check32BitOn64System": False,
        "operationType": "version",
        "operator": "greaterThanOrEqual",
        "comparisonValue": spec.version,
    }
    codes = ((0, "success"), (1707, "success"), (3010, "softReboot"), (1641, "hardReboot"), (1618, "retry"))
    shown: Json = {
        "committedContentVersion": "1" if spec.publishing_state == "published" else None,
        "fileName": f"{folder}.intunewin",
        "size": spec.size_mb * 1024 * 1024,
        "installCommandLine": f"{folder}-{spec.version}.exe /S",
        "uninstallCommandLine": f"{folder}-{spec.version}.exe /uninstall /S",
        "applicableArchitectures": "x64",
        "allowedArchitectures": None,
        "minimumFreeDiskSpaceInMB": spec.minimum_free_disk_mb or None,
        "minimumMemoryInMB": spec.minimum_memory_mb or None,
        "minimumNumberOfProcessors": None,
        "minimumCpuSpeedInMHz": None,
        "minimumSupportedWindowsRelease": "21H1",
        "msiInformation": None,
        "setupFilePath": f"{folder}-{spec.version}.exe",
        "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "basedOnReturnCode"},
        "returnCodes": [{"returnCode": code, "type": kind} for code, kind in codes],
        "rules": [rule],
    }
    if version == "beta":
        shown |= {"displayVersion": spec.version, "allowAvailableUninstall": False}
        shown["installExperience"] = {**shown["installExperience"], "maxRunTimeInMinutes": 60}
    return shown


def _winget(app: App, version: str) -> Json:
    return {
        "packageIdentifier": app.spec.package_identifier,
        "manifestHash": None,
        "installExperience": {"runAsAccount": "system"},
    }


def _office(app: App, version: str) -> Json:
    left_out = ["access", "bing", "groove", "infoPath", "lync", "publisher", "sharePointDesigner", "visio"]
    return {
        "autoAcceptEula": True,
        "productIds": ["o365ProPlusRetail"],
        "excludedApps": dict.fromkeys(left_out, True)
        | dict.fromkeys(["excel", "oneDrive", "oneNote", "outlook", "powerPoint", "teams", "word"], False),
        "useSharedComputerActivation": True,
        "updateChannel": "monthlyEnterprise",
        "officeSuiteAppDefaultFileFormat": "officeOpenXMLFormat",
        "officePlatformArchitecture": "x64",
        "localesToInstall": ["sv-se"],
        "installProgressDisplayLevel": "none",
        "shouldUninstallOlderVersionsOfOffice": True,
        "targetVersion": "",
        "updateVersion": "",
        "officeConfigurationXml": None,
    }


def _web(app: App, version: str) -> Json:
    return {"appUrl": app.spec.app_url, "useManagedBrowser": False}


def _mac(app: App, extension: str) -> Json:
    spec = app.spec
    systems = [
        "v10_7",
        "v10_8",
        "v10_9",
        "v10_10",
        "v10_11",
        "v10_12",
        "v10_13",
        "v10_14",
        "v10_15",
        "v11_0",
        "v12_0",
        "v13_0",
    ]
    return {
        "committedContentVersion": "1",
        "fileName": f"{spec.bundle_id}-{spec.version}.{extension}",
        "size": spec.size_mb * 1024 * 1024,
        "primaryBundleId": spec.bundle_id,
        "primaryBundleVersion": spec.version,
        "includedApps": [{"bundleId": spec.bundle_id, "bundleVersion": spec.version}],
        "ignoreVersionDetection": True,
        "minimumSupportedOperatingSystem": {name: name == "v13_0" for name in systems},
    }


def _mac_pkg(app: App, version: str) -> Json:
    return {**_mac(app, "pkg"), "preInstallScript": None, "postInstallScript": None}


def _mac_dmg(app: App, version: str) -> Json:
    return _mac(app, "dmg")
