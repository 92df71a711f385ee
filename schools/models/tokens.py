"""API tokens. The token itself is shown once; the database keeps its digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from schools.models.people import User

SCHEME = "tsk"


def digest(token: str) -> str:
    """The stored form. A token is 256 random bits, so one plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)

    def visible_to(self, user: User) -> Self:
        """A person's own tokens; nobody sees another's."""
        return self.filter(user=user)


class ApiToken(models.Model):
    """A key with which a script acts as its owner, with the owner's roles."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100, help_text=_("What the token is used for."))
    prefix = models.CharField(_("prefix"), max_length=16, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="token_expires_later")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def generate(cls, *, user: User, name: str, expires_at: datetime) -> tuple[ApiToken, str]:
        """An unsaved token row and the token to show once: `tsk_<8 characters>_<secret>`."""
        prefix = f"{SCHEME}_{secrets.token_hex(4)}"
        token = f"{prefix}_{secrets.token_urlsafe(32)}"
        return cls(user=user, name=name, prefix=prefix, digest=digest(token), expires_at=expires_at), token

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now
