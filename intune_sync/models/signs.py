"""Signs of life of the workers, so that a page can tell that nobody works."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

GONE_AFTER = timedelta(seconds=150)
"""Longer than a sign waits behind the longest task of a worker that is merely busy."""


class QueueSign(models.Model):
    """When a worker last took something out of this queue. Written by the task `sign`, which beat sends to each."""

    class Queue(models.TextChoices):
        """In the order in which a fault of theirs matters."""

        DEFAULT = "default", _("Starting what is due")
        PULL = "pull", _("Reading from Intune")
        WRITE = "write", _("Writing to Intune")
        DESTRUCTIVE = "destructive", _("Actions on computers")

    SERVICES: ClassVar[dict[str, str]] = {
        "default": "worker-default",
        "pull": "worker-pull",
        "write": "worker",
        "destructive": "worker-destructive",
    }
    """By the names of docker-compose.yml, which are those of the demo too."""

    queue = models.CharField(_("queue"), max_length=20, primary_key=True, choices=Queue.choices)
    seen_at = models.DateTimeField(_("last sign of life"))
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    clock_off_seconds = models.FloatField(
        default=0, help_text=_("How far the clock of the worker's server is ahead of the database's.")
    )

    class Meta:
        verbose_name = _("sign of life of a queue")
        verbose_name_plural = _("signs of life of queues")

    def __str__(self) -> str:
        return f"{self.queue} {self.seen_at}"
