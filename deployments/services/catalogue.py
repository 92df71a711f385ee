"""Keeping what is known of applications: descriptions, licences, vetting cards and what their versions need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from deployments.models import Application, AppVersion, LicencePool, Subject, VettingCard
from schools import audit
from schools.models import User

DESCRIBED = ("publisher", "description", "owner", "first_grade", "last_grade")
NEEDS = ("minimum_disk_mb", "minimum_memory_mb", "minimum_os")
POOL = ("school", "seats", "cost_per_year", "ends_on", "note")
FACTS = (*VettingCard.NEEDED, "agreement_reference")


@transaction.atomic
def add_application(name: str, *, by: User) -> Application:
    """One that Intune does not have yet, so that it can be vetted and packaged. Raises ValidationError by field."""
    application = Application(name=" ".join(name.split()))
    if Application.objects.filter(name__iexact=application.name).exists():
        raise ValidationError({"name": _("The catalogue has an application of that name already.")})
    application.full_clean()
    application.save()
    audit.record("application.added", application, by=by, after={"name": application.name})
    return application


@transaction.atomic
def describe(application: Application, subjects: Iterable[Subject], *, by: User, **values: Any) -> Application:
    """`values` by the names in DESCRIBED. Raises ValidationError for grades in the wrong order."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    before = {**_said(locked, DESCRIBED), "subjects": _names(locked)}
    _set(locked, values, DESCRIBED)
    locked.full_clean()
    locked.save()
    locked.subjects.set(subjects)
    _record("application.described", locked, by, before, {**_said(locked, DESCRIBED), "subjects": _names(locked)})
    return locked


def subjects_named(names: Iterable[str]) -> list[Subject]:
    """The subjects of these names; those that nobody has named before are made. Upper and lower case are alike."""
    found = []
    for name in dict.fromkeys(" ".join(each.split())[:100] for each in names if each.strip()):
        known = Subject.objects.filter(name__iexact=name).first()
        found.append(known or Subject.objects.get_or_create(name=name)[0])
    return found


@transaction.atomic
def state_needs(version: AppVersion, *, by: User, **values: Any) -> AppVersion:
    """`values` by the names in NEEDS, for what Intune does not say."""
    locked = AppVersion.objects.select_for_update(of=("self",)).select_related("application").get(pk=version.pk)
    before = _said(locked, NEEDS)
    _set(locked, values, NEEDS)
    locked.full_clean()
    locked.save(update_fields=list(NEEDS))
    _record("version.needs_stated", locked, by, before, _said(locked, NEEDS))
    return locked


@transaction.atomic
def put_pool(pool: LicencePool, *, by: User, **values: Any) -> LicencePool:
    """A new pool of an application (not saved yet), or an existing one that shall say this; names as in POOL."""
    is_new = pool.pk is None
    before = {} if is_new else _said(LicencePool.objects.select_for_update(of=("self",)).get(pk=pool.pk), POOL)
    _set(pool, values, POOL)
    pool.full_clean()
    pool.save()
    _record("licence.added" if is_new else "licence.changed", pool, by, before, _said(pool, POOL))
    return pool


@transaction.atomic
def drop_pool(pool: LicencePool, *, by: User) -> None:
    audit.record("licence.dropped", pool, by=by, school=pool.school, before=_said(pool, POOL))
    pool.delete()


@transaction.atomic
def vet(application: Application, *, by: User, now: datetime, **values: Any) -> VettingCard:
    """Fill in the card, as far as it goes; `values` by the names in FACTS."""
    Application.objects.select_for_update().get(pk=application.pk)
    application.refresh_from_db(fields=["name"])
    card = VettingCard.objects.filter(application=application).first() or VettingCard(application=application)
    before = _said(card, FACTS)
    _set(card, values, FACTS)
    if card.agreement == VettingCard.Agreement.SIGNED and not card.agreement_reference:
        raise ValidationError(
            {"agreement_reference": _("Say where the signed agreement is kept, for example its case.")}
        )
    card.checked_by, card.checked_at = by, now
    card.full_clean()
    card.save()
    _record("application.vetted", card, by, before, _said(card, FACTS))
    return card


def _set(row: models.Model, values: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in values:
            setattr(row, name, values[name])


def _said(row: models.Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, models.Model | Decimal) else value


def _names(application: Application) -> list[str]:
    return sorted(application.subjects.values_list("name", flat=True))


def _record(act: str, row: models.Model, by: User, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Nothing is recorded of an act that changed nothing."""
    if before == after:
        return
    changed = {name for name in after if before.get(name) != after[name]}
    audit.record(
        act,
        row,
        by=by,
        school=getattr(row, "school", None),
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed},
    )
