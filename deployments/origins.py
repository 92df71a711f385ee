"""The revision that brought what an entry says, and has been followed since without a break."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils.dateparse import parse_datetime

from deployments.models import Baseline, BaselineEntry, BaselineRevision, Semester
from schools.models import User

BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


def with_origin(entries: QuerySet[BaselineEntry]) -> QuerySet[BaselineEntry]:
    """Annotated with `origin`: of the revisions in force up to the entry's own, the first after the last that did
    not say the same in the same place on the same ground. None for an entry that was never in force."""
    revisions = BaselineRevision.objects.filter(activated_at__isnull=False)
    silent = revisions.filter(~Exists(_same()), activated_at__lt=OuterRef("revision__activated_at"))
    last_silent = Subquery(silent.order_by("-activated_at").values("activated_at")[:1])
    saying = revisions.filter(
        activated_at__gt=OuterRef("silent_until"), activated_at__lte=OuterRef("revision__activated_at")
    )
    return entries.annotate(silent_until=Coalesce(last_silent, BEFORE_ALL)).annotate(
        origin=Subquery(saying.order_by("activated_at").values(row=_row())[:1])
    )


def _row() -> JSONObject:
    return JSONObject(
        pk="pk",
        number="number",
        term="baseline__semester__term",
        year="baseline__semester__year",
        decided_by="decided_by__display_name",
        decided_at="decided_at",
        activated_at="activated_at",
    )


def _same() -> QuerySet[BaselineEntry]:
    """Of a revision, the entry that says what the entry two queries further out says."""
    entry = {name: OuterRef(OuterRef(name)) for name in ("profile_id", "application_id", "action", "intent")}
    return (
        BaselineEntry.objects.filter(revision=OuterRef("pk"), **entry)
        .annotate(pinned=Coalesce("version_id", 0), ground=Coalesce("decision_id", 0))
        .filter(
            pinned=Coalesce(OuterRef(OuterRef("version_id")), 0), ground=Coalesce(OuterRef(OuterRef("decision_id")), 0)
        )
    )


def origin_of(entry: BaselineEntry) -> BaselineRevision:
    """Of an entry `with_origin`: enough of the revision to name it, its approver and its days. An entry that was never
    in force is its own."""
    row: Mapping[str, Any] | None = entry.origin  # type: ignore[attr-defined]
    if row is None:
        return entry.revision
    return BaselineRevision(
        pk=row["pk"],
        number=row["number"],
        baseline=Baseline(semester=Semester(term=row["term"], year=row["year"])),
        decided_by=User(display_name=row["decided_by"]) if row["decided_by"] else None,
        decided_at=parse_datetime(row["decided_at"]) if row["decided_at"] else None,
        activated_at=parse_datetime(row["activated_at"]),
    )
