"""People whom Entra vouches for: made at their first sign-in, kept as Entra says, closed when it says so."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from schools import audit
from schools.entra import vault
from schools.entra.claims import Json, Profile, profile_of, roles_of
from schools.entra.door import Answer
from schools.entra.refusals import SignInRefused
from schools.models import EntraAccount, Municipality, Role, School, User
from schools.services.people import close_account, keep_roles

NOT_IN_A_USER_NAME = re.compile(r"[^\w.@+-]")
Standing = EntraAccount.Standing


def admit(answer: Answer, now: datetime) -> User:
    """The person who signs in with these claims, with the roles these say. Raises SignInRefused, and makes no account
    then; one that is there already is closed when it has no role left."""
    try:
        return _admit(answer, now)
    except IntegrityError:  # the same person signed in elsewhere, or somebody took the name, in the same moment
        return _admit(answer, now)


@transaction.atomic
def _admit(answer: Answer, now: datetime) -> User:
    roles = _roles(answer.claims)
    profile = profile_of(answer.claims)
    account = _known(profile) or _new(profile, now)
    _reopen(account.user)
    _rename(account.user, profile)
    _confirm(account, answer, roles, now)
    audit.record("person.signed_in", account.user, by=account.user, after={"way": "entra"})
    return account.user


@transaction.atomic
def keep(account: EntraAccount, answer: Answer, now: datetime) -> None:
    """Entra was asked again, and this is what it said. Raises SignInRefused: `closed` without a role, `again` when it
    speaks of somebody else."""
    profile = profile_of(answer.claims)
    if (profile.tenant_id, profile.object_id) != (account.tenant_id, account.object_id):
        raise SignInRefused("again", "another account")
    try:
        roles = _roles(answer.claims)
    except SignInRefused as refused:
        raise SignInRefused("closed", refused.code) from refused
    _confirm(account, answer, roles, now)


@transaction.atomic
def end(account: EntraAccount, code: str) -> None:
    """`closed`: roles, tokens and account end. `again`: the person has to sign in themselves; until then nothing of
    theirs works, but they keep their roles, so that a school is not without an approver over a changed password.

    Does nothing when they have signed in anew meanwhile, which leaves another refresh token.
    """
    mine = EntraAccount.objects.filter(pk=account.pk, refresh_token=account.refresh_token, standing=Standing.GOOD)
    account.standing = Standing.CLOSED if code == "closed" else Standing.AGAIN
    if mine.update(standing=account.standing, refresh_token="") and account.standing == Standing.CLOSED:
        close_account(account.user, "closed")


@transaction.atomic
def note_refusal(code: str, claims: Json | None = None) -> None:
    """Somebody was refused. Who had an account here is named, and it is closed if Entra says that they have no role;
    of anybody else, who may be a pupil, nothing is kept."""
    account = _known(profile_of(claims)) if claims else None
    if account is not None:
        end(account, "closed")
    about = account.user if account else Municipality.objects.first() or Municipality(pk=0)
    audit.record("person.sign_in_refused", about, by=None, after={"refusal": code})


def _known(profile: Profile) -> EntraAccount | None:
    rows = EntraAccount.objects.select_for_update(of=("self",)).select_related("user")
    return rows.filter(tenant_id=profile.tenant_id, object_id=profile.object_id).first()


def _roles(claims: Json) -> set[tuple[Role, int | None]]:
    by_tag = {tag.upper(): pk for tag, pk in School.objects.values_list("group_tag", "pk")}
    return roles_of(claims, by_tag, settings.SIGN_IN_SCHOOL_GROUPS)


def _new(profile: Profile, now: datetime) -> EntraAccount:
    user = User.objects.create_user(_free_name(profile), display_name=profile.name)
    after = {"username": user.username, "name": user.display_name, "way": "entra"}
    audit.record("person.created", user, by=None, after=after)
    return EntraAccount(
        user=user, tenant_id=profile.tenant_id, object_id=profile.object_id, confirmed_at=now, asked_at=now
    )


def _free_name(profile: Profile) -> str:
    """The name by which Entra calls them; with a number when somebody else here, or before them, has it."""
    wanted = NOT_IN_A_USER_NAME.sub("-", profile.username)
    name, number = wanted, 1
    while User.objects.filter(username=name).exists():
        number += 1
        name = f"{wanted}-{number}"
    return name


def _reopen(user: User) -> None:
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        audit.record("person.reopened", user, by=None)


def _rename(user: User, profile: Profile) -> None:
    try:
        validate_email(profile.email)
        email = profile.email
    except ValidationError:
        email = ""
    if (user.display_name, user.email) != (profile.name, email):
        user.display_name, user.email = profile.name, email
        user.save(update_fields=["display_name", "email"])


def _confirm(account: EntraAccount, answer: Answer, roles: set[tuple[Role, int | None]], now: datetime) -> None:
    account.standing = Standing.GOOD
    if answer.refresh_token:  # none means that the former one goes on
        account.refresh_token = vault.locked(answer.refresh_token)
    account.confirmed_at = account.asked_at = now
    account.save()
    keep_roles(account.user, roles)
