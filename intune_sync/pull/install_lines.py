"""Rows of the report on one app as lines of COPY, in the order of the columns that are staged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from intune_sync.payloads.reports import install_row
from intune_sync.pull.lines import ANY, GUID, MOMENT, Lines, microseconds

Cells = Sequence[str]
_OWN = ("DeviceId", "LastModifiedDateTime")
_KIND = ("AppInstallState", "AppInstallState_loc", "HexErrorCode", "InstallStateDetail", "InstallStateDetail_loc")
_PLAIN = re.compile("\t".join([r"\d+", GUID, *[ANY] * 3, MOMENT]) + "\n", re.ASCII)


def install_lines(version_id: int, header: Cells) -> Lines[Cells]:
    """For a report whose columns are `header`; `version_id` is our version's key."""
    places = {name: place for place, name in enumerate(header)}
    own = itemgetter(*[places.get(name, len(header)) for name in _OWN])  # no such column: IndexError
    kind_of = itemgetter(*[places[name] for name in _KIND if name in places] or [len(header)])

    def careful(row: Cells) -> tuple[Any, ...] | None:
        found = install_row(dict(zip(header, row, strict=False)))
        if found is None:
            return None
        return version_id, found.intune_id, found.state, found.error_code, found.detail, found.reported_at

    def quick(row: Cells, kind: str) -> str:
        intune_id, moment = own(row)
        return f"{version_id}\t{intune_id}\t{kind}\t{microseconds(moment)}\n"

    return Lines(careful, kind_of, slice(2, 5), quick, _PLAIN)
