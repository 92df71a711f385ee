"""A computer as Graph shows it, in three kinds of object; each version has its own properties."""

from typing import Any

from .clock import NEVER, graph_date
from .devices import Device

Json = dict[str, Any]

NOTHING = "00000000-0000-0000-0000-000000000000"


def managed_device(device: Device, version: str) -> Json:
    mac = device.is_mac
    seen = graph_date(device.last_sync_at)
    grace = device.compliance == "inGracePeriod"
    shown: Json = {
        "id": device.intune_id,
        "userId": device.user_id,
        "deviceName": device.name,
        "managedDeviceOwnerType": "company",
        "enrolledDateTime": graph_date(device.enrolled_at),
        "lastSyncDateTime": seen,
        "operatingSystem": "macOS" if mac else "Windows",
        "complianceState": device.compliance,
        "jailBroken": "Unknown",
        "managementAgent": "mdm",
        "osVersion": device.os_version,
        "easActivated": False,
        "easDeviceId": None if mac else device.entra_device_id.replace("-", "").upper(),
        "easActivationDateTime": NEVER,
        "azureADRegistered": True,
        "deviceEnrollmentType": "appleBulkWithoutUser" if mac else "windowsAzureADJoinUsingDeviceAuth",
        "activationLockBypassCode": None,
        "emailAddress": device.user_principal_name,
        "azureADDeviceId": device.entra_device_id,
        "deviceRegistrationState": "registered",
        "deviceCategoryDisplayName": device.entra_tag if mac else "Unknown",
        "isSupervised": mac,
        "exchangeLastSuccessfulSyncDateTime": NEVER,
        "exchangeAccessState": "none",
        "exchangeAccessStateReason": "none",
        "remoteAssistanceSessionUrl": None,
        "remoteAssistanceSessionErrorDetails": None,
        "isEncrypted": device.is_encrypted,
        "userPrincipalName": device.user_principal_name,
        "model": device.model.name,
        "manufacturer": device.model.manufacturer,
        "imei": "",
        "complianceGracePeriodExpirationDateTime": graph_date(device.last_sync_at + 259_200) if grace else NEVER,
        "serialNumber": device.serial,
        "phoneNumber": "",
        "androidSecurityPatchLevel": "",
        "userDisplayName": "",
        "configurationManagerClientEnabledFeatures": None,
        "wiFiMacAddress": _mac_address(device),
        "deviceHealthAttestationState": None,
        "subscriberCarrier": "",
        "meid": "",
        "totalStorageSpaceInBytes": device.total_storage_bytes,
        "freeStorageSpaceInBytes": device.free_storage_bytes,
        "managedDeviceName": f"{device.serial}_{'macOS' if mac else 'Windows'}_{seen[:10]}",
        "partnerReportedThreatState": "unknown",
        "requireUserEnrollmentApproval": None,
        "managementCertificateExpirationDate": graph_date(device.enrolled_at + 31_536_000),
        "iccid": None,
        "udid": device.entra_device_id.upper() if mac else None,
        "notes": device.notes or None,
        "ethernetMacAddress": None,
        "physicalMemoryInBytes": 0,
        "enrollmentProfileName": device.entra_tag if mac else "Elevdator, självdistribuerande",
        "managementState": device.management_state,
        "deviceActionResults": [action.result() for action in device.actions or ()],
    }
    return shown if version == "v1.0" else {**shown, **_managed_device_beta(device)}


def _managed_device_beta(device: Device) -> Json:
    return {
        "aadRegistered": True,
        "autopilotEnrolled": device.autopilot_id is not None,
        "azureActiveDirectoryDeviceId": device.entra_device_id,
        "bootstrapTokenEscrowed": device.is_mac,
        "chassisType": "laptop",
        "deviceType": "macMDM" if device.is_mac else "desktop",
        "enrolledByUserPrincipalName": device.user_principal_name or None,
        "joinType": "azureADRegistered" if device.is_mac else "azureADJoined",
        "lostModeState": "disabled",
        "managementFeatures": "none",
        "ownerType": "company",
        "physicalMemoryInBytes": device.model.memory_gb * 1024**3,
        "processorArchitecture": "arM64" if device.is_mac else "x64",
        "retireAfterDateTime": NEVER,
        "roleScopeTagIds": ["0"],
        "skuFamily": "" if device.is_mac else "Education",
        "skuNumber": 0 if device.is_mac else 121,
        "usersLoggedOn": [],
        "windowsActiveMalwareCount": 0,
        "windowsRemediatedMalwareCount": 0,
    }


def autopilot_identity(device: Device, version: str) -> Json:
    enrolled = device.enrollment_state == "enrolled"
    shown: Json = {
        "id": device.autopilot_id,
        "groupTag": device.group_tag,
        "purchaseOrderIdentifier": f"EK-{device.ordinal // 400 + 2201}",
        "serialNumber": device.serial,
        "productKey": "",
        "manufacturer": device.model.manufacturer,
        "model": device.model.name,
        "enrollmentState": device.enrollment_state,
        "lastContactedDateTime": graph_date(device.last_sync_at),
        "addressableUserName": device.addressable_user,
        "userPrincipalName": device.assigned_user,
        "resourceName": "",
        "skuNumber": "",
        "systemFamily": device.model.marketing_name,
        "azureActiveDirectoryDeviceId": device.entra_device_id,
        "managedDeviceId": (device.intune_id if enrolled else None) or NOTHING,
        "displayName": device.display_name,
    }
    if version == "v1.0":
        return shown
    return {
        **shown,
        "azureAdDeviceId": device.entra_device_id,
        "deploymentProfileAssignmentStatus": device.profile_status,
        "deploymentProfileAssignmentDetailedStatus": "none",
        "deploymentProfileAssignedDateTime": graph_date(device.profile_at),
        "remediationState": "noRemediationRequired",
        "remediationStateLastModifiedDateTime": NEVER,
        "userlessEnrollmentStatus": "unknown",
        "deviceAccountUpn": "",
        "deviceFriendlyName": device.friendly_name or None,
    }


def entra_device(device: Device) -> Json:
    enrolled = device.intune_id is not None
    return {
        "@odata.type": "#microsoft.graph.device",
        "id": device.entra_object_id,
        "deletedDateTime": None,
        "accountEnabled": enrolled or device.autopilot_id is not None,
        "approximateLastSignInDateTime": graph_date(device.last_sync_at) if enrolled else None,
        "complianceExpirationDateTime": None,
        "deviceCategory": device.entra_tag if device.is_mac else None,
        "deviceId": device.entra_device_id,
        "deviceMetadata": None,
        "deviceOwnership": "Company" if enrolled else None,
        "deviceVersion": 2,
        "displayName": device.name if enrolled else device.serial,
        "enrollmentProfileName": device.entra_tag if device.is_mac else None,
        "enrollmentType": None,
        "isCompliant": device.compliance == "compliant" if enrolled else None,
        "isManaged": True if enrolled else None,
        "isRooted": None,
        "managementType": "MDM" if enrolled else None,
        "manufacturer": device.model.manufacturer if enrolled else None,
        "mdmAppId": "0000000a-0000-0000-c000-000000000000" if enrolled else None,
        "model": device.model.name if enrolled else None,
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": None,
        "operatingSystem": "MacMDM" if device.is_mac else "Windows",
        "operatingSystemVersion": device.os_version if enrolled else None,
        "physicalIds": device.physical_ids(),
        "profileType": "RegisteredDevice",
        "registrationDateTime": graph_date(device.registered_at),
        "systemLabels": [],
        "trustType": "AzureAd",
        "alternativeSecurityIds": [],
    }


def _mac_address(device: Device) -> str:
    return f"{(0x3C6A << 32) + device.ordinal * 2_654_435_761 % (1 << 32):012X}"
