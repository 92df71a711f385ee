"""One mirror in a process of its own, which prints the most memory it ever had: `python -m bench.worker RESOURCE`."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from bench.fast import mirror  # noqa: PLC0415 - Django is configured from here on

    mirror(sys.argv[1])
    print(peak_kilobytes())


def peak_kilobytes() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
