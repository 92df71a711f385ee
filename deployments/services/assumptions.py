"""Changing what saved time is counted with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import Assumption
from deployments.proof.assumptions import DEFAULTS, assumptions, plain
from schools import audit
from schools.models import User


@transaction.atomic
def change_assumption(code: str, value: Decimal, source: str, *, by: User, now: datetime) -> Assumption:
    """Raises ValidationError by column: nobody knows the code, the value is below zero, or nothing says where it comes
    from. What is as it was is left alone."""
    if code not in DEFAULTS:
        raise ValidationError({"code": _("There is no such assumption.")})
    row = Assumption.objects.select_for_update().filter(code=code).first() or Assumption(code=code)
    known = assumptions()[code]
    before = {"value": str(known.value), "source": known.source}
    row.value, row.source, row.changed_by, row.changed_at = value, source.strip(), by, now
    row.full_clean(exclude=["code"])
    after = {"value": str(plain(value)), "source": row.source}
    if row.pk and after == before:
        return row
    row.save()
    audit.record("assumption.changed", row, by=by, before=before, after=after)
    return row
