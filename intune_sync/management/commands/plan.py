"""What would have to be written to Intune; writes nothing there."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from deployments.models import BaselineRevision, ChangeSet
from intune_sync import graph, services
from intune_sync.graph import GraphError
from intune_sync.previews import group_names
from intune_sync.push.snapshot import fresh_plan
from intune_sync.words import graph_sentence, notice_sentence
from schools.audit import acting_from

IN_AGREEMENT, DIFFERS = 0, 1
READING_FAILED = 2


class Command(BaseCommand):
    help = (
        "Compare what has been decided with what Intune has, and show the Graph calls that would make them agree. "
        "Without a change set: the active revision, so that what it shows is drift. With one: its plan is worked out "
        "anew and kept. Exit status 0 when nothing has to be written, 1 when something has, 2 when Intune cannot be "
        "read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("change_set", nargs="?", type=int, help="Number of a change that is not being written yet.")
        parser.add_argument("--json", action="store_true", help="The whole plan as one JSON document.")

    def handle(self, *args: Any, change_set: int | None, **options: Any) -> None:
        with acting_from("command"), translation.override(None):
            try:
                plan = _of_change_set(change_set) if change_set is not None else _of_active_revision()
            except GraphError as error:
                raise CommandError(graph_sentence(error), returncode=READING_FAILED) from error
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            self.stdout.write(json.dumps(plan) if options["json"] else "\n".join(_lines(plan)))
        sys.exit(DIFFERS if plan["changes"] else IN_AGREEMENT)


def _of_change_set(number: int) -> dict[str, Any]:
    found = ChangeSet.objects.select_related("revision").filter(pk=number).first()
    if found is None:
        raise CommandError(f"There is no change {number}.")
    planned = services.freeze_plan(found, None, timezone.now())
    return {"change_set": planned.pk, "status": planned.status, "plan_hash": planned.plan_hash, **planned.plan}


def _of_active_revision() -> dict[str, Any]:
    revision = BaselineRevision.objects.active().first()
    if revision is None:
        raise CommandError("No revision of a baseline is active yet, so there is nothing to compare Intune with.")
    with graph.client() as client:
        made = fresh_plan(revision, client).plan
    return {"revision": revision.pk, "plan_hash": made.hash, **made.as_json()}


def _lines(plan: dict[str, Any]) -> list[str]:
    names = group_names(notice["group_id"] for notice in plan["warnings"] if notice["group_id"])
    lines = [f"! {notice_sentence(notice, names)}" for notice in plan["warnings"]]
    lines += [f"Group {group['name']}: POST /v1.0/groups, {group['members']} members" for group in plan["groups"]]
    for change, call in zip(plan["changes"], plan["calls"], strict=True):
        lines += [f"{change['name']}: {call['method']} {call['url']}"]
        lines += [f"  + {key}" for key in change["added"]] + [f"  - {key}" for key in change["removed"]]
        lines += [f"    {change['kept']} entries of others are kept as they are"] if change["kept"] else []
    if not plan["changes"]:
        lines.append("Nothing has to be written: Intune has what has been decided.")
    return [*lines, f"plan {plan['plan_hash']}"]
