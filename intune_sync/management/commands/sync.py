"""Read from Intune now, in the foreground."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from intune_sync import runs
from intune_sync.models import SyncRun
from schools.audit import acting_from

LONGEST_WAIT = timedelta(minutes=15)
PAUSE_SECONDS = 1.0
COUNTS = ["seen", "created", "updated", "missing", "unmatched"]


class Command(BaseCommand):
    help = (
        "Read from Intune now: groups, Autopilot identities, computers, apps, install status. Safe beside workers: one "
        "run per kind at a time. Exit status 0 when every answer was complete, 1 otherwise."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--resource", action="append", choices=SyncRun.Resource.values, help="Only this; may be repeated."
        )
        parser.add_argument(
            "--changes", action="store_true", help="Only what has changed, where Graph can be asked for that."
        )
        parser.add_argument("--json", action="store_true", help="One JSON document on standard output, nothing else.")
        parser.add_argument("--wait", action="store_true", help="When a worker is at it, wait and then read again.")

    def handle(self, *args: Any, resource: list[str] | None, wait: bool, changes: bool, **options: Any) -> None:
        mode = SyncRun.Mode.WINDOW if changes else SyncRun.Mode.FULL
        wanted = [each for each in SyncRun.Resource.values if not resource or each in resource]
        ended = []
        with acting_from("command"), translation.override(None), _progress(quiet=options["json"]) as show:
            for each in wanted:
                seen = show(each)
                run = run_now(each, seen, mode=mode, wait=wait)
                seen(run.counts.get("seen", 0))
                ended.append(run)
        if options["json"]:
            self.stdout.write(json.dumps([as_json(run) for run in ended]))
        else:
            for run in ended:
                self.stdout.write(as_line(run))
        if any(run.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES) for run in ended):
            sys.exit(1)


def run_now(resource: str, seen: Callable[[int], None], *, mode: str = SyncRun.Mode.FULL, wait: bool) -> SyncRun:
    """Run it here to its end, or watch the worker that was quicker; `wait` also outlasts a run under way."""
    deadline = timezone.now() + LONGEST_WAIT
    run = runs.request_runs([resource], SyncRun.Trigger.COMMAND, mode=mode)[0]
    while run.status in (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING) and timezone.now() < deadline:
        is_busy = SyncRun.objects.filter(resource=resource, status=SyncRun.Status.RUNNING).exclude(pk=run.pk).exists()
        if run.status == SyncRun.Status.QUEUED and not (wait and is_busy):
            run = runs.run(run.pk, on_seen=seen)
        if run.status in (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING):
            time.sleep(PAUSE_SECONDS)
            run.refresh_from_db()
    return run


def as_json(run: SyncRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "resource": run.resource,
        "mode": run.mode,
        "status": run.status,
        "counts": run.counts,
        "requests": run.requests,
        "throttled": run.throttled,
        "seconds": run.duration.total_seconds() if run.duration else None,
        "reason": run.reason,
        "explanation": run.explanation,
    }


def as_line(run: SyncRun) -> str:
    counts = ", ".join(f"{run.counts[name]} {name}" for name in COUNTS if run.counts.get(name))
    return f"{run.resource:15} {run.status:12} {counts} {run.explanation}".rstrip()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], Callable[[int], None]]]:
    """A bar for each resource on a terminal; `show(resource)` gives the function that moves it."""
    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:

        def show(resource: str) -> Callable[[int], None]:
            task = progress.add_task(resource, total=_expected(resource))

            def seen(count: int) -> None:
                total = max(count, progress.tasks[task].total or 0)
                progress.update(task, completed=count, total=total)

            return seen

        yield show


def _expected(resource: str) -> int | None:
    """As many as the last complete run saw."""
    last = SyncRun.objects.complete().filter(resource=resource).order_by("-finished_at").first()
    return last.counts.get("seen") if last else None
