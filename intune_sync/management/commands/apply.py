"""Write an approved change to Intune, in the foreground."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deployments.models import ChangeSet
from intune_sync import services
from intune_sync.graph import GraphError
from intune_sync.models import Operation
from intune_sync.push import apply, ledger
from intune_sync.words import graph_sentence
from schools.audit import acting_from
from schools.clock import shared_now

PAUSE_SECONDS = 1.0
REFUSED = 2


class Command(BaseCommand):
    help = (
        "Write an approved change to Intune and wait until every app is confirmed. Safe beside workers: each app is "
        "written by one of them. A change that is being written already is joined. Exit status 0 when all of it was "
        "written, 1 when something failed, 2 when it was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("change_set", type=int, help="Number of the change.")
        parser.add_argument("--json", action="store_true", help="One JSON document on standard output, nothing else.")

    def handle(self, *args: Any, change_set: int, **options: Any) -> None:
        with acting_from("command"), translation.override(None):
            found = _started(change_set)
            with _progress(found, quiet=options["json"]) as show:
                ended = _carry_out(found, show)
            self.stdout.write(json.dumps(_as_json(ended)) if options["json"] else "\n".join(_lines(ended)))
        sys.exit(ended.status != ChangeSet.Status.APPLIED)


def _started(number: int) -> ChangeSet:
    found = ChangeSet.objects.select_related("revision").filter(pk=number).first()
    if found is None:
        raise CommandError(f"There is no change {number}.", returncode=REFUSED)
    if found.status == ChangeSet.Status.APPLYING:
        return found
    try:
        return services.apply_change_set(found, None, shared_now())
    except ValidationError as error:
        raise CommandError(" ".join(error.messages), returncode=REFUSED) from error
    except GraphError as error:
        raise CommandError(graph_sentence(error), returncode=REFUSED) from error


def _carry_out(change_set: ChangeSet, show: Callable[[], None]) -> ChangeSet:
    """Work beside the workers until the change set has ended; what waits for Intune is waited for."""
    while change_set.status == ChangeSet.Status.APPLYING:
        taken = apply.work(shared_now(), worker=f"command {apply.worker_name()}", after_each=lambda _done: show()).taken
        ledger.sweep(shared_now())
        show()
        change_set.refresh_from_db(fields=["status", "applied_at"])
        if not taken and change_set.status == ChangeSet.Status.APPLYING:
            time.sleep(PAUSE_SECONDS)
    return change_set


def _operations(change_set: ChangeSet) -> list[Operation]:
    found = Operation.objects.filter(change_set=change_set).order_by("id")
    return list(found.select_related(*Operation.NAMES_OF_SUBJECT))


def _as_json(change_set: ChangeSet) -> dict[str, Any]:
    operations = [
        {
            "app": operation.subject,
            "intune_app_id": str(operation.intune_app_id),
            "status": operation.status,
            "problem": operation.problem,
            "error": operation.error,
            "request_id": operation.request_id,
            "client_request_id": str(operation.client_request_id or ""),
        }
        for operation in _operations(change_set)
    ]
    return {"change_set": change_set.pk, "status": change_set.status, "operations": operations}


def _lines(change_set: ChangeSet) -> list[str]:
    lines = [_line(operation) for operation in _operations(change_set)]
    return [*lines, f"{change_set}: {change_set.get_status_display()}"]


def _line(operation: Operation) -> str:
    said = f"{operation.get_status_display()}. {operation.get_problem_display()} {operation.error}"
    return f"{operation.subject}: {said.rstrip()}"


@contextmanager
def _progress(change_set: ChangeSet, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar of confirmed apps on a terminal; the function given moves it to where the database is."""
    operations = Operation.objects.filter(change_set=change_set)
    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(str(change_set), total=operations.count())
        yield lambda: progress.update(task, completed=operations.count() - operations.open().count())
