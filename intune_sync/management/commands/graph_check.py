"""Checks sign-in, permissions, clock, certificate, throttling and every endpoint that the portal uses; changes nothing.

Ends with 0 when all is well, 1 when something works but should be seen to, 2 when something does not work.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from intune_sync.graph.checking import Checked, as_json, check, throttling
from intune_sync.graph.identities import IDENTITIES


class Command(BaseCommand):
    help = (
        "Check what the portal may do in Microsoft Graph, and whether it can. Ends with 0 (all is well), 1 (something "
        "should be seen to) or 2 (something does not work)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
        parser.add_argument("--identity", action="append", choices=IDENTITIES, help="only this one; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        results = list(check(tuple(options["identity"] or IDENTITIES)))
        limits = throttling()
        status = _status(results, limits)
        if options["json"]:
            document = {
                "graph_url": settings.GRAPH_URL,
                "tenant_id": settings.TENANT_ID,
                "status": status,
                "registrations": [as_json(each) for each in results],
                "throttling": limits,
            }
            self.stdout.write(json.dumps(document, indent=2))
        else:
            self.stdout.write(f"{settings.GRAPH_URL}, tenant {settings.TENANT_ID}")
            for result in results:
                self._show(result)
            self._show_limits(limits)
            self.stdout.write(
                ("All is well.", "Works; see to the lines with !.", "Does not work; see the lines with x.")[status]
            )
        if status:
            sys.exit(status)

    def _show(self, result: Checked) -> None:
        self.stdout.write(f"\n{', '.join(result.identities)}: app {result.client_id or '(none)'}")
        credential = result.credential
        until = f", good until {credential.expires_on}" if credential.expires_on else ""
        self.stdout.write(f"  signs in with a {credential.kind}{until}")
        if result.judgement:
            self.stdout.write(f"  granted: {', '.join(result.judgement.granted) or 'nothing that the token shows'}")
        if result.clock_skew_seconds is not None:
            self.stdout.write(f"  clock: {result.clock_skew_seconds:+.1f} s against Microsoft's")
        for each in result.reached:
            if not each.problem:
                self.stdout.write(f"  + {each.version}/{each.path}: {each.milliseconds} ms")
        for text in result.broken:
            self.stdout.write(self.style.ERROR(f"  x {text}"))
        for text in result.doubtful:
            self.stdout.write(self.style.WARNING(f"  ! {text}"))

    def _show_limits(self, limits: dict[str, Any]) -> None:
        self.stdout.write("\nbudget of the portal, shared by all workers")
        if limits["paused_since"]:
            self.stdout.write(self.style.WARNING(f"  ! calls pause since {limits['paused_since']}"))
        if not limits["counted_together"]:
            self.stdout.write(self.style.WARNING("  ! Redis does not answer: each worker goes slowly by itself"))
        for each in limits["services"]:
            held = f", held until {each['held_until']}" if each["held_until"] else ""
            self.stdout.write(
                f"  {each['service']}: {each['writes_spent_percent']} % of the writes and "
                f"{each['calls_spent_percent']} % of the calls are spent, pace {each['pace_percent']} %{held}"
            )


def _status(results: list[Checked], limits: dict[str, Any]) -> int:
    if any(result.broken for result in results):
        return 2
    is_doubtful = limits["paused_since"] or not limits["counted_together"] or any(each.doubtful for each in results)
    return 1 if is_doubtful else 0
