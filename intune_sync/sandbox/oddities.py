"""Values that real tenants answer with now and then: a switch lets every 13th computer show them."""

from typing import Any

from .clock import NEVER

Json = dict[str, Any]

EVERY = 13
_TURNS = 4


def odd_device(shown: Json, ordinal: int) -> Json:
    """The managed device with one kind of oddity, by its ordinal: year 1, nulls, unknown values, or HTML and å ä ö."""
    turn = ordinal // EVERY % _TURNS
    if ordinal % EVERY:
        return shown
    if turn == 0:
        return {**shown, "lastSyncDateTime": NEVER, "enrolledDateTime": NEVER}
    if turn == 1:
        empty = ("userPrincipalName", "emailAddress", "userId", "model", "osVersion", "deviceCategoryDisplayName")
        return {**shown, **dict.fromkeys(empty), "phoneNumber": None, "serialNumber": ""}
    if turn == 2:
        return {**shown, "complianceState": "quarantined", "managementState": "hibernated", "deviceType": "quantum"}
    name = f'<img src=x onerror=alert(1)> Åsa & Örjans "vagn" {ordinal}'
    return {**shown, "deviceName": name, "lastSyncDateTime": f"{shown['lastSyncDateTime'][:19]}.1234567Z"}


def odd_identity(shown: Json, ordinal: int) -> Json:
    if ordinal % EVERY:
        return shown
    turn = ordinal // EVERY % _TURNS
    if turn == 1:
        return {**shown, "groupTag": None, "purchaseOrderIdentifier": None, "displayName": None}
    if turn == 2:
        return {**shown, "enrollmentState": "hibernated"}
    return (
        {**shown, "lastContactedDateTime": NEVER} if turn == 0 else {**shown, "displayName": "<b>Ängs-vagnen</b> & Ö"}
    )
