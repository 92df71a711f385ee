"""Acts about people: who there is, what roles they hold, that their password changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from schools import audit
from schools.models import ApiToken, Role, RoleAssignment, School, User
from schools.models.people import SCHOOL_ROLES
from schools.services.tokens import revoke_token


@transaction.atomic
def create_person(username: str, display_name: str, password: str, *, email: str = "", by: User | None) -> User:
    """Somebody who may sign in, without any role yet. ValidationError for a name that is taken or a weak password."""
    user = User(username=User.normalize_username(username), display_name=display_name.strip(), email=email)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    audit.record("person.created", user, by=by, after={"username": user.username, "name": user.display_name})
    return user


@transaction.atomic
def grant_role(
    user: User, role: str, school: School | None = None, *, by: User | None, valid_until: datetime | None = None
) -> RoleAssignment:
    """Give a role from now on, until `valid_until` or for good. `by` None: from the command line."""
    now = timezone.now()
    User.objects.select_for_update().get(pk=user.pk)  # two grants of the same role come one after the other
    _check_grant(user, role, school, valid_until, now)
    granted = RoleAssignment.objects.create(
        user=user, role=role, school=school, valid_from=now, valid_until=valid_until
    )
    audit.record("role.granted", user, by=by, school=school, after=_said(granted))
    user.__dict__.pop("access", None)
    return granted


@transaction.atomic
def revoke_role(assignment: RoleAssignment, *, by: User | None) -> None:
    """End a role now; the row stays, so that a past date can be answered. One that never began is removed."""
    now = timezone.now()
    held = RoleAssignment.objects.select_for_update(of=("self",)).select_related("user", "school").get(pk=assignment.pk)
    if held.valid_until is not None and held.valid_until <= now:
        raise ValidationError(_("This role has already ended."))
    before = _said(held)
    if held.valid_from >= now:
        held.delete()
    else:
        held.valid_until = now
        held.save(update_fields=["valid_until"])
    audit.record("role.revoked", held.user, by=by, school=held.school, before=before)


@transaction.atomic
def keep_roles(user: User, wanted: set[tuple[Role, int | None]]) -> None:
    """Let somebody whose roles are kept in Entra hold exactly `wanted`: (role, school id or None) pairs.

    What ends by itself was given here, by an approver to a deputy, and stays; of the rest Entra decides alone.
    """
    now = timezone.now()
    User.objects.select_for_update().get(pk=user.pk)
    lasting = RoleAssignment.objects.filter(user=user, valid_until=None)
    held = {(assignment.role, assignment.school_id): assignment for assignment in lasting}
    for key in held.keys() - wanted:
        revoke_role(held[key], by=None)
    for role, school_id in sorted(wanted - held.keys(), key=str):
        granted = RoleAssignment.objects.create(user=user, role=role, school_id=school_id, valid_from=now)
        audit.record("role.granted", user, by=None, school=granted.school, after=_said(granted))
    user.__dict__.pop("access", None)


@transaction.atomic
def close_account(user: User, reason: str) -> None:
    """The person no longer has an account in Entra, or no role: all roles and API tokens end. `reason` is a code."""
    now = timezone.now()
    for held in RoleAssignment.objects.filter(user=user).current(now):
        revoke_role(held, by=None)
    for token in ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=now):
        revoke_token(token, by=None)
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.is_active = False
    user.__dict__.pop("access", None)
    audit.record("person.closed", user, by=None, after={"refusal": reason})


@transaction.atomic
def note_password_change(user: User) -> None:
    audit.record("person.password_changed", user, by=user)


def _check_grant(user: User, role: str, school: School | None, valid_until: datetime | None, now: datetime) -> None:
    if role not in Role.values:
        raise ValidationError(_("There is no role “%(role)s”.") % {"role": role})
    if role in SCHOOL_ROLES and school is None:
        raise ValidationError(_("The role “%(role)s” is held at a school: say which.") % {"role": Role(role).label})
    if valid_until is not None and valid_until <= now:
        raise ValidationError(_("The last day of a role lies in the future."))
    if RoleAssignment.objects.filter(user=user, role=role, school=school).current(now).exists():
        raise ValidationError(_("%(name)s holds this role already.") % {"name": user})


def _said(assignment: RoleAssignment) -> dict[str, Any]:
    return {
        "role": assignment.role,
        "school": assignment.school.name if assignment.school else None,
        "valid_until": assignment.valid_until.isoformat() if assignment.valid_until else None,
    }
