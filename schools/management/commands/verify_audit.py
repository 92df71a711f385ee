"""Walk the whole audit trail and say whether its chain of hashes holds. Exit status 1 when it does not."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from schools.audit import Verdict, verify


class Command(BaseCommand):
    help = "Verify the hash chain of the audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output, for scripts.")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify()
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_dict()))
            if not verdict.holds:
                raise SystemExit(1)
            return
        if not verdict.holds:
            raise CommandError(in_words(verdict))
        self.stdout.write(self.style.SUCCESS(in_words(verdict)))


def in_words(verdict: Verdict) -> str:
    if verdict.broken is None:
        return _("OK: %(count)d events, the last with hash %(hash)s.") % {
            "count": verdict.count,
            "hash": verdict.last_hash,
        }
    return _("The chain is broken at event %(id)d (%(act)s, %(at)s). The %(count)d events before it hold.") % {
        "id": verdict.broken.pk,
        "act": verdict.broken.act,
        "at": verdict.broken.at.isoformat(timespec="seconds"),
        "count": verdict.count,
    }
