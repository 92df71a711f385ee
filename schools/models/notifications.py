"""What people are told, how they want to be told, and what was sent."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from schools.models.people import User


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: User) -> Self:
        """A person's own; nobody reads another's."""
        return self.filter(user=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One message to one person about one episode. `kind` and `data` become a sentence in the reader's language."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=60)
    episode = models.CharField(max_length=120, help_text=_("The same episode is told once to each person."))
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=300)
    is_urgent = models.BooleanField(default=False, help_text=_("Somebody waits: mailed at once, outside quiet hours."))
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "episode"], name="episode_told_once")]
        indexes = [
            models.Index(fields=["user", "-id"], condition=Q(read_at=None), name="unread_notifications"),  # the bell
            models.Index(fields=["id"], condition=Q(mailed_at=None), name="unmailed_notifications"),  # the digest
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.episode}"


class NotificationSettings(models.Model):
    """How a person wants to be told; no row means the defaults."""

    class Mail(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DIGEST = "digest", _("Once a day, and at once where somebody waits")
        NEVER = "never", _("Never")

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notification_settings")
    mail = models.CharField(_("e-mail"), max_length=10, choices=Mail.choices, default=Mail.DIGEST)
    language = models.CharField(_("language"), max_length=5, default="sv")
    quiet_from = models.TimeField(_("quiet from"), default="18:00")
    quiet_until = models.TimeField(_("quiet until"), default="07:00")

    class Meta:
        verbose_name = _("notification settings")
        verbose_name_plural = _("notification settings")

    def __str__(self) -> str:
        return str(self.user)


class SentMail(models.Model):
    """A mail as it was handed over; kept for a month."""

    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=200)
    body = models.TextField()
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("sent mail")
        verbose_name_plural = _("sent mail")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject


class WebhookEndpoint(models.Model):
    """An address that other systems listen on. Bodies are signed with `secret` (HMAC-SHA-256)."""

    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("address"))
    secret = models.CharField(max_length=64, editable=False)
    kinds = models.JSONField(_("what to send"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event to one endpoint: tried again with growing pauses until it is taken or given up."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        GIVEN_UP = "given_up", _("Given up")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=60)
    episode = models.CharField(max_length=120)
    body = models.JSONField()
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(null=True)
    answer = models.CharField(_("last answer"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "episode"], name="episode_sent_once")]
        indexes = [
            models.Index(fields=["not_before", "id"], condition=Q(status="waiting"), name="deliveries_due")  # the sweep
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.endpoint}"
