"""Detected software, added up by name and version, and how many computers have each application of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from deployments.models import Application, DetectedUse
from intune_sync.models import IntuneApp, IntuneDetectedApp
from intune_sync.payloads.detected import DETECTED_PARAMS, DETECTED_PATH, detected_row
from intune_sync.pull.guard import check_objects
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.unmatched import SEEN_AGAIN_EVERY

Counts = Mapping[tuple[str, str], int]
"""Computers by name and version."""


def pull_detected_apps(pull: Pull) -> Outcome:
    counts: Counter[tuple[str, str]] = Counter()
    for page in pull.graph.pages(DETECTED_PATH, DETECTED_PARAMS):
        for row in map(detected_row, page):
            if row.name:
                counts[row.name, row.version] += row.device_count
        pull.seen(len(counts))
    with transaction.atomic():
        pull.confirm()
        return Outcome({"seen": len(counts), **_save(pull, counts)})


def _save(pull: Pull, counts: Counts) -> dict[str, int]:
    """Raises UnsafeAnswer when too many names are absent at once; versions come and go."""
    kept = {(row.name, row.version): row for row in IntuneDetectedApp.objects.all()}
    names = {name for name, _version in kept}
    if not pull.is_released:
        check_objects(len(names - {name for name, _version in counts}), len(names))
    gone = [row.pk for key, row in kept.items() if key not in counts]
    new = [key for key in counts if key not in kept]
    changed = [row for key, row in kept.items() if key in counts and row.device_count != counts[key]]
    IntuneDetectedApp.objects.filter(pk__in=gone).delete()
    IntuneDetectedApp.objects.bulk_create(
        [
            IntuneDetectedApp(name=key[0], version=key[1], device_count=counts[key], seen_at=pull.now)
            for key in sorted(new)
        ],
        batch_size=500,
    )
    for row in changed:
        row.device_count, row.seen_at = counts[row.name, row.version], pull.now
    IntuneDetectedApp.objects.bulk_update(changed, ["device_count", "seen_at"], batch_size=500)
    _save_use(_by_application(counts), pull.now)
    return {"created": len(new), "updated": len(changed), "dropped": len(gone)}


def _by_application(counts: Counts) -> dict[int, int]:
    """Computers by application. A program belongs to the application whose name it bears, or begins with; of several
    the longest. Two versions on one computer count twice."""
    names = sorted(_names(), key=lambda named: -len(named[0]))
    found: dict[int, int] = dict.fromkeys((application for _name, application in names), 0)
    for (name, _version), count in counts.items():
        lower = name.casefold()
        owner = next((app for known, app in names if lower == known or lower.startswith(f"{known} ")), None)
        if owner is not None:
            found[owner] += count
    return found


def _names() -> Iterable[tuple[str, int]]:
    """What the applications are called, in the catalogue and in Intune, except those that no inventory can see."""
    seen = Application.objects.exclude(versions=None).exclude(versions__app_type="webApp")
    by_catalogue = seen.distinct().values_list("name", "pk")
    in_intune = dict(IntuneApp.objects.values_list("graph_id", "display_name"))
    by_intune = [
        (in_intune[app_id], pk)
        for pk, app_id in seen.values_list("pk", "versions__intune_app_id")
        if app_id in in_intune
    ]
    return {(name.casefold(), pk) for name, pk in [*by_catalogue, *by_intune] if name}


def _save_use(computers: Mapping[int, int], now: datetime) -> None:
    """`read_at` of what is unchanged is written once a day."""
    kept = {row.application_id: row for row in DetectedUse.objects.all()}
    gone = [row.pk for pk, row in kept.items() if pk not in computers]
    fresh = {
        pk: count
        for pk, count in sorted(computers.items())
        if pk not in kept or kept[pk].computers != count or now - kept[pk].read_at >= SEEN_AGAIN_EVERY
    }
    DetectedUse.objects.filter(pk__in=gone).delete()
    DetectedUse.objects.bulk_create(
        [DetectedUse(application_id=pk, computers=count, read_at=now) for pk, count in fresh.items()],
        update_conflicts=True,
        unique_fields=["application"],
        update_fields=["computers", "read_at"],
    )
