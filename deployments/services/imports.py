"""A reviewed file becomes a draft; nothing else comes of it before the draft is proposed and approved."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from deployments.entry_rules import check_entry
from deployments.exchange.lines import Problem
from deployments.exchange.reading import ReadEntry, read_revision
from deployments.models import Baseline, BaselineEntry, BaselineRevision
from deployments.services import drafts
from deployments.services.profiles import profile_of
from schools import audit
from schools.models import User


class RefusedFile(ValidationError):
    """Nothing was imported; `problems` say why, line by line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__([str(problem) for problem in problems])


@transaction.atomic
def import_draft(baseline: Baseline, text: str, by: User) -> BaselineRevision:
    """A draft that says exactly what the file says, on top of the active revision. Raises RefusedFile."""
    read = read_revision(text)
    if read.problems:
        raise RefusedFile(sorted(read.problems, key=lambda problem: problem.line))
    draft = drafts.start_draft(baseline, by=by, note=read.note)
    draft.entries.all().delete()
    entries = [_entry(draft, row) for row in read.entries]
    BaselineEntry.objects.bulk_create(entries)
    problems = [problem for row, entry in zip(read.entries, entries, strict=True) for problem in _refused(row, entry)]
    if problems:
        raise RefusedFile(problems)
    audit.record("revision.imported", draft, by=by, after={"entries": len(entries)}, reason=read.note)
    return draft


def _entry(draft: BaselineRevision, row: ReadEntry) -> BaselineEntry:
    return BaselineEntry(
        revision=draft,
        profile=profile_of(row.owner),
        application=row.application,
        action=row.action,
        intent=row.intent,
        version=row.version,
        capability=row.capability,
        decision=row.decision,
    )


def _refused(row: ReadEntry, entry: BaselineEntry) -> list[Problem]:
    """A removal by decision may stand alone: it says that the container no longer gives the application itself."""
    if entry.action == BaselineEntry.Action.REMOVE and entry.decision_id:
        return []
    try:
        check_entry(entry)
    except ValidationError as error:
        return [Problem(row.line, text) for text in error.messages]
    return []
