"""`python -m bench [--sizes COMPUTERS:ROWS:ROUNDS ...] [--writes N] [--write FILE]`"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Finding, Ratio, as_markdown
from bench.progress import say
from bench.sizes import Size, size_of
from bench.stage import stage

if TYPE_CHECKING:
    from bench.fast import FastGraph

RECORDED, FEW, PAGE_ROUNDS = 11_000, 300, 3
SIZES = [Size(11_000, 660_000, 3), Size(110_000, 660_000, 3)]
START, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def main() -> None:
    options = _options()
    text, all_met = "", True
    for heading, findings in _writing(options.writes) if options.writes else _tables(options):
        part = f"### {heading}\n\n{as_markdown(findings)}\n"
        print(part, flush=True)
        text, all_met = f"{text}\n{part}", all_met and all(each.is_met for each in findings)
        if options.write:  # after each table, so that a run that is broken off has told what it found
            _write(options.write, options.name, f"{_conditions()}\n\n{text}")
    say("done")
    if not all_met:
        raise SystemExit("A limit is missed.")


def _tables(options: argparse.Namespace) -> Iterator[tuple[str, list[Finding]]]:
    with stage(RECORDED), tempfile.TemporaryDirectory(prefix="terminsklar-pages-") as folder:
        from bench import measures  # noqa: PLC0415 - Django is configured from here on
        from bench.fast import fast_graph  # noqa: PLC0415
        from bench.recorded import record  # noqa: PLC0415
        from intune_sync import graph  # noqa: PLC0415

        if options.pages:
            say("the portal's pages")
            yield "The portal's pages", list(measures.run(PAGE_ROUNDS))
        say("recording the sandbox's answers")
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
    for size in options.sizes:
        computers = size.computers
        say(f"{computers:,} computers: writing the pages and reports to serve")
        speed = Speed(server, size)
        speed.measure()
        found = speed.findings()
        if computers <= options.slow_up_to:
            found.append(speed.slow_pages(size.rounds))
        peaks[computers] = {name: speed.peak_memory_mb(name) for name in (*COMPUTERS, INSTALLS)}
        speeds[computers] = speed.rows_per_second()
        rounds = "one round" if size.rounds == 1 else f"medians of {size.rounds} alternating rounds"
        yield f"{computers:,} computers, {speed.apps * computers:,} rows of install status; {rounds}", found
    smallest, largest = min(peaks), max(peaks)
    if smallest < largest:
        yield f"{largest:,} computers against fewer", [*_memory(peaks), _pace(speeds)]


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


def _conditions() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return textwrap.fill(
        f"`python -m bench {shlex.join(sys.argv[1:])}`: "
        f"{os.cpu_count()} cores ({platform.machine()}) for PostgreSQL, the answering server and the worker together, "
        f"{memory:.0f} GB of memory, Python {platform.python_version()}, PostgreSQL without fsync. "
        f"Load of the machine at the end: {os.getloadavg()[2]:.1f} over the last quarter of an hour.",
        width=120,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _write(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks of `name` in the file."""
    page = path.read_text()
    before, rest = page.split(START.format(name=name))
    _old, after = rest.split(END.format(name=name))
    path.write_text(f"{before}{START.format(name=name)}\n{text}\n{END.format(name=name)}{after}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=size_of, nargs="+", default=SIZES, help="COMPUTERS:ROWS:ROUNDS, the smallest first"
    )
    parser.add_argument("--slow-up-to", type=int, default=11_000, help="largest fleet read with a second per page")
    parser.add_argument("--no-pages", dest="pages", action="store_false", help="leave the portal's pages out")
    parser.add_argument("--writes", type=int, default=0, help="measure this many assignment writes, and nothing else")
    parser.add_argument("--write", type=Path, help="file whose figures are replaced, such as docs/performance.md")
    parser.add_argument("--name", default="bench", help="which figures of that file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
