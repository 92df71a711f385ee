from fleet.models.condition import STALE_AFTER, Condition
from fleet.models.device import Device, DeviceQuerySet
from fleet.models.hardware import HardwareModel, Platform

__all__ = ["STALE_AFTER", "Condition", "Device", "DeviceQuerySet", "HardwareModel", "Platform"]
