from fleet.models.compliance import ComplianceBreach
from fleet.models.condition import STALE_AFTER, Condition
from fleet.models.device import Device, DeviceQuerySet
from fleet.models.enrolment import EnrolmentAttempt
from fleet.models.hardware import HardwareModel, Platform

__all__ = [
    "STALE_AFTER",
    "ComplianceBreach",
    "Condition",
    "Device",
    "DeviceQuerySet",
    "EnrolmentAttempt",
    "HardwareModel",
    "Platform",
]
