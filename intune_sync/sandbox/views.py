"""Encoded JSON of devices, kept until the device changes: a page of a thousand is then a join of byte strings."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson

from .devices import Device

KEPT_FORMS = 10

Form = tuple[str, str, tuple[str, ...]]  # kind of object, version, selected properties


class Views:
    def __init__(self) -> None:
        self._encoded: OrderedDict[Form, dict[int, bytes]] = OrderedDict()

    def encoder(self, form: Form, shape: Callable[[Device], dict[str, Any]]) -> Callable[[Device], bytes]:
        """A function from device to JSON. `form` must name everything `shape` depends on besides the device."""
        kept = self._encoded.setdefault(form, {})
        self._encoded.move_to_end(form)
        if len(self._encoded) > KEPT_FORMS:
            self._encoded.popitem(last=False)

        def encode(device: Device) -> bytes:
            encoded = kept.get(device.ordinal)
            if encoded is None:
                # A copy, because orjson's own result holds on to its larger buffer.
                encoded = kept[device.ordinal] = memoryview(orjson.dumps(shape(device))).tobytes()
            return encoded

        return encode

    def forget(self, ordinal: int) -> None:
        for kept in self._encoded.values():
            kept.pop(ordinal, None)
