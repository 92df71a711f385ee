"""The mirror against its floor, for one size of fleet: alternating rounds, medians of both sides."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from bench import floor
from bench.fast import FastGraph, forget, mirror, organise
from bench.figures import Count, Finding, Ratio
from bench.progress import say
from bench.sizes import Size
from intune_sync import graph
from intune_sync.models import SyncRun
from intune_sync.payloads.devices import DEVICES_PATH

WRITTEN = ("fleet_device", "fleet_hardwaremodel", "deployments_installstatus", "intune_sync_unmatchedrecord")
COMPUTERS = ("autopilot", "devices")
INSTALLS = "install_status"
PAGE = 1_000


class Speed:
    """All measures for a fleet of `computers`; `findings` come in the order of the tables in docs/performance.md."""

    def __init__(self, server: FastGraph, size: Size) -> None:
        self.server, self.computers, self.rounds = server, size.computers, size.rounds
        self.pages = server.serve(size.computers)
        self.apps = size.report_rows // size.computers
        self.reports = server.reports(size.computers, self.apps)
        self.versions = organise(self.apps)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.rows: dict[str, int] = {}
        self.runs: dict[str, SyncRun] = {}

    def measure(self) -> None:
        leave_to_themselves()
        for number in range(1, self.rounds + 1):
            say(f"{self.computers:,} computers, round {number} of {self.rounds}: the floor")
            self._floor()
            say(f"{self.computers:,} computers, round {number} of {self.rounds}: the mirror")
            self._mirror()

    def _floor(self) -> None:
        forget()
        self._take("floor autopilot", lambda: floor.mirror_autopilot(self.pages / "base" / "autopilot"))
        self._take("floor devices", lambda: floor.mirror_devices(self.pages / "base" / "devices"))
        self._take("floor install_status", lambda: floor.mirror_installs(self.reports, self.versions))

    def _mirror(self) -> None:
        forget()
        self._serve(installed=1)
        for resource in (*COMPUTERS, INSTALLS):
            self._run(f"first {resource}", resource)
        for resource in (*COMPUTERS, INSTALLS):
            self._run(f"again {resource}", resource)
        self._serve(installed=2)  # another summary: all reports are read again, and say the same
        self._run("read again install_status", INSTALLS)
        self._serve(pages="changed")
        self._run("changed devices", "devices")
        self._run("window devices", "devices", SyncRun.Mode.WINDOW)
        self._serve()

    def _serve(self, **how: Any) -> None:
        self.server.serve(self.computers, reports=self.apps, **how)

    def _run(self, name: str, resource: str, mode: str = SyncRun.Mode.FULL) -> None:
        before = rows_written()
        self._take(name, lambda: self.runs.__setitem__(name, mirror(resource, mode)))
        self.rows[name] = rows_written() - before

    def _take(self, name: str, act: Callable[[], object]) -> None:
        started = time.perf_counter()
        act()
        took = time.perf_counter() - started
        self.seconds[name].append(took)
        say(f"    {name}: {took:.2f} s")

    def median(self, *names: str) -> float:
        """Of the sums of the named measures, round by round."""
        return statistics.median(map(sum, zip(*[self.seconds[name] for name in names], strict=True)))

    def findings(self) -> list[Finding]:
        return [*self._against_floor(), *self._again(), *self._requests()]

    def _against_floor(self) -> list[Finding]:
        each: list[Finding] = [
            Ratio(f"first mirror, {name}", self.median(f"first {name}"), "floor", self.median(f"floor {name}"), 1.5)
            for name in (*COMPUTERS, INSTALLS)
        ]
        names = (*COMPUTERS, INSTALLS)
        whole = self.median(*[f"first {name}" for name in names]), self.median(*[f"floor {name}" for name in names])
        return [Ratio("first mirror, all three", whole[0], "floor", whole[1], 1.5), *each]

    def _again(self) -> list[Finding]:
        """The limits are for the whole mirror. What one resource alone takes is told; see docs/performance.md."""
        names = (*COMPUTERS, INSTALLS)
        first = self.median(*[f"first {name}" for name in names])
        again = self.median(*[f"again {name}" for name in names])
        changed = self.median("again autopilot", "changed devices", "again install_status")
        return [
            Ratio("nothing changed, all three", again, "first mirror", first, 0.35),
            self._beside("nothing changed, autopilot", "again autopilot", "first autopilot"),
            self._beside("nothing changed, devices", "again devices", "first devices"),
            self._beside("nothing changed, install_status", "again install_status", "first install_status", 0.35),
            self._beside("all reports read again", "read again install_status", "first install_status"),
            Ratio("1 % changed, all three", changed, "nothing changed", again, 1.25),
            self._beside("1 % changed, devices", "changed devices", "again devices"),
        ]

    def _beside(self, name: str, measure: str, against: str, limit: float | None = None) -> Ratio:
        return Ratio(name, self.median(measure), against.partition(" ")[0], self.median(against), limit)

    def _requests(self) -> list[Finding]:
        counts: list[Finding] = [
            Count(f"rows written, nothing changed, {name}", self.rows[f"again {name}"], 0, exactly=True)
            for name in (*COMPUTERS, INSTALLS)
        ]
        counts.append(
            Count("rows written, reports read again", self.rows["read again install_status"], 0, exactly=True)
        )
        changed = self.runs["changed devices"].counts["updated"]
        counts.append(Count("rows written, 1 % changed", self.rows["changed devices"], changed, exactly=True))
        for name in COMPUTERS:
            run = self.runs[f"first {name}"]
            counts.append(Count(f"requests, {name}", run.requests, math.ceil(run.counts["seen"] / PAGE) + 3))
        window = self.runs["window devices"]
        counts.append(Count("requests, window", window.requests, math.ceil(window.counts["seen"] / PAGE) + 3))
        installs = self.runs["first install_status"]
        counts.append(Count(f"requests, {self.apps} reports", installs.requests, 5 * self.apps))
        return counts

    def rows_per_second(self) -> float:
        """Of the whole first mirror."""
        names = [f"first {name}" for name in (*COMPUTERS, INSTALLS)]
        return float(sum(self.runs[name].counts["seen"] for name in names) / self.median(*names))

    def slow_pages(self, rounds: int, delay: float = 1.0) -> Ratio:
        """The first mirror with a second before each page, against reading the same pages and doing nothing."""
        say(f"{self.computers:,} computers: a second per page")
        taken = defaultdict(list)
        for _round in range(rounds):
            forget()
            self._serve(delay=delay)
            for name, act in (("mirror", lambda: mirror("devices")), ("paging", page_through)):
                started = time.perf_counter()
                act()
                taken[name].append(time.perf_counter() - started)
        self._serve()
        median = statistics.median
        mirrored, paged = median(taken["mirror"]), median(taken["paging"])
        return Ratio("a second per page, devices", mirrored, "paging alone", paged, 1.1)

    def peak_memory_mb(self, resource: str) -> float:
        """Of a worker that has done nothing but read the resource once."""
        say(f"{self.computers:,} computers: memory of a worker, {resource}")
        if resource in COMPUTERS:
            self._serve()
        else:
            self._serve(installed=int(time.time()))
        command = [sys.executable, "-m", "bench.worker", resource]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        return int(done.stdout.split()[-1]) / 1024


def leave_to_themselves() -> None:
    """PostgreSQL does not vacuum these tables meanwhile: it would hinder now one side and now the other."""
    with connection.cursor() as cursor:
        for table in WRITTEN:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")


def page_through() -> None:
    with graph.client() as client:
        for _page in client.pages(DEVICES_PATH):
            pass


def rows_written() -> int:
    """Rows ever inserted, updated or deleted, by PostgreSQL's own count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [list(WRITTEN)],
        )
        return int(cursor.fetchone()[0] or 0)
