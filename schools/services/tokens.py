"""Acts about API tokens. The token itself leaves `issue_token` once and is nowhere kept."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from schools import audit
from schools.models import ApiToken, User

LONGEST_DAYS = 365


@transaction.atomic
def issue_token(user: User, name: str, days: int) -> tuple[ApiToken, str]:
    """A token for its owner's scripts, good for 1 to 365 days, and its text to show once."""
    name = name.strip()
    if not name:
        raise ValidationError({"name": _("Say what the token is for.")})
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError({"days": _("A token is good for 1 to 365 days.")})
    token, text = ApiToken.generate(user=user, name=name, expires_at=timezone.now() + timedelta(days=days))
    token.full_clean()
    token.save()
    audit.record("token.issued", token, by=user, after={"name": name, "expires_at": token.expires_at.isoformat()})
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken, by: User | None) -> None:
    """From now on the token opens nothing. Once revoked it stays so; again does nothing. `by` None: Entra closed the
    account."""
    now = timezone.now()
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        token.revoked_at = now
        audit.record("token.revoked", token, by=by, after={"revoked_at": now.isoformat()})
