"""`python -m bench [--computers N ...] [--report-rows N] [--rounds N] [--write FILE]`"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Finding, Ratio, as_markdown
from bench.stage import stage

if TYPE_CHECKING:
    from bench.fast import FastGraph

RECORDED, FEW = 11_000, 300
START, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def main() -> None:
    options = _options()
    text, all_met = "", True
    for heading, findings in _writing(options.writes) if options.writes else _tables(options):
        part = f"### {heading}\n\n{as_markdown(findings)}\n"
        print(part, flush=True)
        text, all_met = f"{text}\n{part}", all_met and all(each.is_met for each in findings)
    if options.write:
        _write(options.write, options.name, f"{_conditions(options)}\n{text}")
    if not all_met:
        raise SystemExit("A limit is missed.")


def _tables(options: argparse.Namespace) -> Iterator[tuple[str, list[Finding]]]:
    with stage(RECORDED), tempfile.TemporaryDirectory(prefix="terminsklar-pages-") as folder:
        from bench import measures  # noqa: PLC0415 - Django is configured from here on
        from bench.fast import fast_graph  # noqa: PLC0415
        from bench.recorded import record  # noqa: PLC0415
        from intune_sync import graph  # noqa: PLC0415

        if options.pages:
            yield "The portal's pages", list(measures.run(options.rounds))
        with graph.client() as client:
            recording = record(client)
        with fast_graph(Path(folder) / "graph", recording) as server:
            yield from _sizes(options, server)


def _writing(writes: int) -> Iterator[tuple[str, list[Finding]]]:
    with stage(FEW):
        from bench.writes import measure  # noqa: PLC0415

        yield "Writing assignments", measure(writes)


def _sizes(options: argparse.Namespace, server: FastGraph) -> Iterator[tuple[str, list[Finding]]]:
    from bench.speed import COMPUTERS, INSTALLS, Speed  # noqa: PLC0415

    peaks: dict[int, dict[str, float]] = {}
    speeds: dict[int, float] = {}
    for computers in options.computers:
        speed = Speed(server, computers, options.report_rows, options.rounds)
        speed.measure()
        found = speed.findings()
        if computers <= options.slow_up_to:
            found.append(speed.slow_pages(options.rounds))
        peaks[computers] = {name: speed.peak_memory_mb(name) for name in (*COMPUTERS, INSTALLS)}
        speeds[computers] = speed.rows_per_second()
        yield f"{computers:,} computers, {speed.apps * computers:,} rows of install status", found
    smallest, largest = min(peaks), max(peaks)
    if smallest < largest:
        yield f"{largest:,} computers against {smallest:,}", [*_memory(peaks), _pace(speeds)]


def _memory(peaks: dict[int, dict[str, float]]) -> Iterable[Ratio]:
    smallest, largest = min(peaks), max(peaks)
    for name, peak in peaks[largest].items():
        yield Ratio(f"most memory of a worker, {name}", peak, f"{smallest:,}", peaks[smallest][name], 1.15, unit="MB")


def _pace(speeds: dict[int, float]) -> Ratio:
    *_smaller, before, largest = sorted(speeds)
    return Ratio(
        "first mirror, rows per second",
        speeds[largest],
        f"{before:,}",
        speeds[before],
        0.6,
        unit="/s",
        at_least=True,
    )


def _conditions(options: argparse.Namespace) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"`python -m bench {shlex.join(sys.argv[1:])}`: {options.rounds} alternating rounds, medians; "
        f"{os.cpu_count()} cores ({platform.machine()}) for PostgreSQL, the answering server and the worker together, "
        f"{memory:.0f} GB of memory, Python {platform.python_version()}, PostgreSQL without fsync. "
        f"Load of the machine at the end: {os.getloadavg()[2]:.1f} over the last quarter of an hour.\n"
    )


def _write(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks of `name` in the file."""
    page = path.read_text()
    before, rest = page.split(START.format(name=name))
    _old, after = rest.split(END.format(name=name))
    path.write_text(f"{before}{START.format(name=name)}\n{text}\n{END.format(name=name)}{after}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--computers", type=int, nargs="+", default=[11_000, 110_000])
    parser.add_argument("--report-rows", type=int, default=660_000, help="rows of install status, over all apps")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-up-to", type=int, default=11_000, help="largest fleet read with a second per page")
    parser.add_argument("--no-pages", dest="pages", action="store_false", help="leave the portal's pages out")
    parser.add_argument("--writes", type=int, default=0, help="measure this many assignment writes, and nothing else")
    parser.add_argument("--write", type=Path, help="file whose figures are replaced, such as docs/performance.md")
    parser.add_argument("--name", default="bench", help="which figures of that file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
