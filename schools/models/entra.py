"""What is known of a person's account in Entra. The refresh token is kept encrypted; see `schools.entra.vault`."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from schools.models.people import User


class EntraAccount(models.Model):
    """The link between a person here and an account in the tenant, and when Entra last vouched for it."""

    class Standing(models.TextChoices):
        GOOD = "good", _("Signed in by Entra")
        AGAIN = "again", _("Has to sign in again")
        CLOSED = "closed", _("Closed in Entra, or without a role here")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="entra")
    tenant_id = models.CharField(max_length=36)
    object_id = models.CharField(max_length=36)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.GOOD)
    refresh_token = models.TextField(blank=True, editable=False)
    confirmed_at = models.DateTimeField(help_text=_("When Entra last said which roles this person has."))
    asked_at = models.DateTimeField(help_text=_("When Entra was last asked, whether it answered or not."))

    class Meta:
        verbose_name = _("Entra account")
        verbose_name_plural = _("Entra accounts")
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "object_id"], name="entra_account_once"),
            models.CheckConstraint(
                condition=Q(standing="good") | Q(refresh_token=""), name="only_good_accounts_keep_a_token"
            ),
        ]
        indexes = [
            # those that nobody has asked about for a day
            models.Index(fields=["confirmed_at"], condition=Q(standing="good"), name="entra_to_confirm")
        ]

    def __str__(self) -> str:
        return str(self.user)

    def claim(self, now: datetime, asked_before: datetime) -> bool:
        """Of several processes that want to ask Entra now, exactly one gets True."""
        waiting = EntraAccount.objects.filter(pk=self.pk, standing=self.Standing.GOOD, asked_at__lte=asked_before)
        return bool(waiting.update(asked_at=now))
