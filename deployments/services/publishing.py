"""From a meeting's decisions to a decided revision, and from that to the change set that carries it out."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import Baseline, BaselineRevision, ChangeSet, Decision
from deployments.models.moves import InvalidMove
from deployments.services import drafts
from deployments.services.amendments import EntrySpec, is_up_to_date, put, rebase
from schools import audit
from schools.models import User

Status = BaselineRevision.Status


@transaction.atomic
def decide_revision(
    baseline: Baseline, specs_with_decisions: Iterable[tuple[EntrySpec, Decision]], by: User, note: str = ""
) -> BaselineRevision:
    """All that the active revision says, with the decisions on top, as a decided revision of the baseline.

    Raises ValidationError when Intune cannot carry an entry out or it would mean nothing.
    """
    revision = drafts.start_draft(baseline, by=by, note=note)
    for spec, decision in specs_with_decisions:
        put(revision, spec, decision, by=by)
    revision.move_to(Status.PROPOSED)
    revision.move_to(Status.DECIDED, decided_by=by, decided_at=timezone.now())
    after = {"status": revision.status, "entries": revision.entries.count()}
    audit.record("revision.decided", revision, by=by, after=after, reason=note)
    return revision


@transaction.atomic
def publish(revision: BaselineRevision, by: User) -> ChangeSet:
    """The change set of a decided revision, brought up to date with what was decided in between.

    Raises InvalidMove unless the revision is decided and no change of it is open.
    """
    revision.refresh_from_db(from_queryset=BaselineRevision.objects.select_for_update(of=("self",)))
    if revision.status != Status.DECIDED or revision.change_sets.open().exists():
        raise InvalidMove(revision.status, revision.get_status_display())
    if not is_up_to_date(revision):
        rebase(revision, by)
    reason = revision.note or _("Publishing of %(revision)s") % {"revision": revision}
    change_set = ChangeSet.objects.create(revision=revision, reason=reason, requested_by=by)
    after = {"revision": str(revision), "status": change_set.status}
    audit.record("changeset.proposed", change_set, by=by, after=after, reason=reason)
    return change_set
