"""Operations that were set aside after three tries, and letting them in again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from deployments.models import ChangeSet
from deployments.models.moves import InvalidMove
from deployments.services import changes
from intune_sync.models import Operation
from intune_sync.push.ledger import AFRESH
from schools import audit
from schools.models import User


@transaction.atomic
def release_operation(operation: Operation, by: User) -> Operation:
    """Try it again. Raises InvalidMove unless it was set aside, ValidationError when its change is closed."""
    change_set = _change_set_of(operation)
    row = Operation.objects.select_for_update(of=("self",)).get(pk=operation.pk)
    if row.quarantined_at is None:
        raise InvalidMove(row.status, row.get_status_display())
    if change_set and change_set.status == ChangeSet.Status.FAILED:
        changes.resume(change_set, by)
    elif change_set and change_set.status != ChangeSet.Status.APPLYING:
        raise ValidationError(_("The change that it belongs to is closed."))
    try:
        with transaction.atomic():
            row.move_to(Operation.Status.READY, **AFRESH)
    except IntegrityError as error:
        raise ValidationError(_("The same is being done by a newer operation already.")) from error
    audit.record(
        "operation.released",
        row,
        by=by,
        before={"status": Operation.Status.FAILED, "problem": operation.problem},
        after={"status": row.status},
    )
    return row


def _change_set_of(operation: Operation) -> ChangeSet | None:
    return ChangeSet.objects.select_for_update().filter(operations=operation).first()
