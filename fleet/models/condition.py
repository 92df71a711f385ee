"""How a computer is, in one word. Each computer has exactly one condition, so the counts add up to the fleet."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

STALE_AFTER = timedelta(days=14)
"""A computer in use checks in every eight hours; two weeks of silence is worth a look."""

BREAKS_RULES = ["noncompliant", "error", "conflict"]
"""Compliance states of a computer that does not meet the compliance policies."""


class Condition(models.TextChoices):
    IN_ORDER = "in_order", _("In order")
    ATTENTION = "attention", _("Not compliant")
    SILENT = "silent", _("Silent")
    NOT_ENROLLED = "not_enrolled", _("Not started")
    MISSING = "missing", _("Missing")


def enrolled() -> Q:
    return Q(intune_id__isnull=False, missing_since=None)


def silent_since(moment: datetime) -> Q:
    return Q(last_check_in_at__lt=moment) | Q(last_check_in_at=None)


def conditions(now: datetime, after: timedelta = STALE_AFTER) -> dict[Condition, Q]:
    """What makes each condition; no two hold for the same computer, and one always does."""
    heard_of = enrolled() & Q(last_check_in_at__gte=now - after)
    breaks_rules = Q(compliance_state__in=BREAKS_RULES)
    return {
        Condition.IN_ORDER: heard_of & ~breaks_rules,
        Condition.ATTENTION: heard_of & breaks_rules,
        Condition.SILENT: enrolled() & silent_since(now - after),
        Condition.NOT_ENROLLED: Q(intune_id=None, missing_since=None),
        Condition.MISSING: Q(missing_since__isnull=False),
    }


def condition_case(now: datetime) -> Case:
    whens = [When(q, then=Value(condition.value)) for condition, q in conditions(now).items()]
    return Case(*whens, output_field=models.CharField())
