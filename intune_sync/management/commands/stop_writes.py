"""Stop everything that the portal writes to Intune, from the server."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from intune_sync.services import stops
from schools.audit import acting_from
from schools.models import User


class Command(BaseCommand):
    help = "Stop all writing to Intune at once. Two people release it on the page Synchronisation, Stop all writing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Who stops it.")
        parser.add_argument("reason", help="Why.")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        person = User.objects.filter(username=username, is_active=True).first()
        if person is None or not person.has_perm("intune_sync.stop_writes"):
            raise CommandError(f"{username} is not an IT administrator.")
        try:
            with acting_from("command"):
                stops.throw(person, reason, timezone.now())
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        self.stdout.write("Nothing is written to Intune any more.")
