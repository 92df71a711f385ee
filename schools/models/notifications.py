"""What people are told, how they want to be told, and what was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from schools.models.people import User
from schools.notifications.kinds import body_of, subject_of


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
    mailed_at = models.DateTimeField(
        null=True, help_text=_("When its mail was written, or when it was clear that the person wants none.")
    )

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

    @property
    def subject(self) -> str:
        """What happened, as a line in the reader's language."""
        return subject_of(self.kind, self.data)

    @property
    def body(self) -> str:
        return body_of(self.kind, self.data)

    def get_absolute_url(self) -> str:
        """Marks it as read and leads on to what it is about."""
        return reverse("schools:notification", args=[self.pk])


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


class SentMailQuerySet(models.QuerySet["SentMail"]):
    def visible_to(self, user: User) -> Self:
        """A person's own; nobody reads another's."""
        return self.filter(to=user)

    def due(self, now: datetime) -> Self:
        return self.filter(status=SentMail.Status.WAITING, not_before__lte=now)


class SentMail(models.Model):
    """A mail to be handed over, as it was written; kept for a month."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        GIVEN_UP = "given_up", _("Given up")

    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(
        max_length=120, unique=True, help_text=_("The same at every try, so that a mail server drops a second copy.")
    )
    subject = models.CharField(max_length=200)
    body = models.TextField()
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField()
    answer = models.CharField(_("last answer"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    objects = SentMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("sent mail")
        verbose_name_plural = _("sent mail")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(status="waiting"), name="mails_due"),  # the sender
            models.Index(fields=["to", "-id"], name="mails_of_person"),  # the mailbox
        ]

    def __str__(self) -> str:
        return self.subject


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def visible_to(self, user: User) -> Self:
        return self if user.has_perm("schools.manage_webhooks") else self.none()


class WebhookEndpoint(models.Model):
    """An address that other systems listen on. Bodies are signed with `secret` (HMAC-SHA-256)."""

    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("address"))
    secret = models.CharField(max_length=64, editable=False)
    kinds = models.JSONField(_("what to send"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("schools:webhook", args=[self.pk])


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> Self:
        waiting = self.filter(status=WebhookDelivery.Status.WAITING, endpoint__is_active=True)
        return waiting.filter(Q(not_before=None) | Q(not_before__lte=now))


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

    objects = WebhookDeliveryQuerySet.as_manager()

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
