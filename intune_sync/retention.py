"""History that would grow for ever, and how long it is kept. What people have done stays in the audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from fleet.models import EnrolmentAttempt
from intune_sync.models import DriftItem, SyncRun
from intune_sync.models.runs import SyncRunQuerySet

RUNS_KEPT_FOR = timedelta(days=90)


def forget(now: datetime) -> dict[str, int]:
    """Remove what has been kept long enough; returns how many rows of each kind. Again does nothing."""
    runs, _by_model = _old_runs(now).delete()
    attempts, _by_model = EnrolmentAttempt.objects.outlived(now).delete()
    old_drift = DriftItem.objects.resolved().filter(resolved_at__lt=now - timedelta(days=settings.DRIFT_KEPT_DAYS))
    _rows, of_drift = old_drift.delete()
    return {"runs": runs, "attempts": attempts, "drift": of_drift.get(DriftItem._meta.label, 0)}


def _old_runs(now: datetime) -> SyncRunQuerySet:
    """Ended runs, but for the last answer of each resource, by which pages tell how old their figures are."""
    complete = SyncRun.objects.complete()
    kept = {
        *complete.latest_of_each_resource().values_list("pk", flat=True),
        *complete.filter(mode=SyncRun.Mode.FULL).latest_of_each_resource().values_list("pk", flat=True),
    }
    ended = SyncRun.objects.filter(status__in=SyncRun.ENDED, finished_at__lt=now - RUNS_KEPT_FOR)
    return ended.exclude(pk__in=kept)
