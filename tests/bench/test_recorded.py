"""A larger fleet is the recorded one several times over."""

from __future__ import annotations

from pathlib import Path

import orjson

from bench.recorded import RECORDED, Recording

URL = "https://127.0.0.1:1"


def test_no_two_copies_of_a_computer_share_an_id_or_a_serial_number(tmp_path: Path) -> None:
    row = {"id": "000107ea-5b81-556a-a76d-1875209e1811", "serialNumber": "PF1", "deviceName": "GY-1"}

    Recording({"autopilot": [row], "devices": [row]}).write(tmp_path, RECORDED * 30, URL)

    rows = orjson.loads((tmp_path / "base" / "devices" / "0").read_bytes())["value"]
    assert [len({row[name] for row in rows}) for name in row] == [30, 30, 30]


def test_one_computer_in_a_hundred_has_changed_and_a_window_has_those(tmp_path: Path) -> None:
    rows = [{"id": f"{number:08x}-5b81-556a-a76d-1875209e1811", "osVersion": "1"} for number in range(200)]

    Recording({"autopilot": [], "devices": rows}).write(tmp_path, RECORDED, URL)

    read = {
        name: orjson.loads((tmp_path / name / "devices" / "0").read_bytes())["value"] for name in ("base", "changed")
    }
    differ = [new for old, new in zip(read["base"], read["changed"], strict=True) if old != new]
    assert len(differ) == 2
    assert orjson.loads((tmp_path / "window" / "devices" / "0").read_bytes())["value"] == differ
