"""A change whose revision says what the one in force says: nothing is decided anew, Intune alone is put right."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import BaselineRevision, ChangeSet
from deployments.services import drafts
from schools import audit
from schools.models import User


@transaction.atomic
def propose_again(by: User, reason: str) -> ChangeSet:
    """A draft change on top of the active revision, to be planned and approved as any other. Raises ValidationError
    when nothing is in force."""
    active = BaselineRevision.objects.active().select_related("baseline").first()
    if active is None:
        raise ValidationError(_("No baseline is in force yet, so there is nothing to go back to."))
    draft = drafts.start_draft(active.baseline, by=by, note=reason)
    draft.move_to(BaselineRevision.Status.PROPOSED)
    change_set = ChangeSet.objects.create(revision=draft, reason=reason, requested_by=by)
    after = {"revision": str(draft), "status": change_set.status}
    audit.record("changeset.proposed", change_set, by=by, after=after, reason=reason)
    return change_set
