"""`python -m bench [--devices N] [--rounds N] [--json]`"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.stage import stage


def main() -> None:
    options = _options()
    with stage(options.devices) as sandbox_start_seconds:
        from bench import measures  # noqa: PLC0415 - Django is configured from here on

        found = measures.run(options.rounds)
        single = {"sandbox start, s": sandbox_start_seconds, **measures.singles()}
    if options.json:
        print(json.dumps({"devices": options.devices, "ratios": [asdict(each) for each in found], "single": single}))
        return
    _print(options, found, single)
    if any(each.ratio > each.limit for each in found):
        raise SystemExit("A ratio is over its limit.")


def _print(options: argparse.Namespace, found: list[Any], single: dict[str, float]) -> None:
    console = Console()
    console.print(
        f"{options.devices:,} computers, {options.rounds} alternating rounds, medians; "
        f"Python {platform.python_version()}, {platform.machine()}"
    )
    table = Table("what", "seconds", "against", "seconds ", "ratio", "limit")
    for each in found:
        table.add_row(
            each.name,
            f"{each.seconds:.3f}",
            each.against,
            f"{each.against_seconds:.3f}",
            f"{each.ratio:.2f}",
            f"{each.limit:.2f}",
        )
    console.print(table)
    for name, value in single.items():
        console.print(f"{name}: {value:,.3f}" if isinstance(value, float) else f"{name}: {value}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=11_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
