from fleet.models.device import Device, DeviceQuerySet
from fleet.models.hardware import HardwareModel, Platform

__all__ = ["Device", "DeviceQuerySet", "HardwareModel", "Platform"]
