"""Say that an older backup of the database has been restored."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from intune_sync.push import epochs
from schools.audit import acting_from


class Command(BaseCommand):
    help = (
        "Run once after restoring a backup, before the workers start. Wipes, resets and retirements that the backup "
        "remembers as not sent are never sent; those that may have been sent are settled by reading from Intune."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reason", help="What was restored, and why; kept in the audit trail.")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        with acting_from("command"):
            voided, settled = epochs.begin(reason, timezone.now())
        self.stdout.write(f"A new epoch has begun. Not sent: {voided}. Settled by reading: {settled}.")
