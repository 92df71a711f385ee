"""`manage.py create_demo`: the demo municipality in an empty database; again, it renews only the API token."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from deployments.models import BaselineRevision
from intune_sync import demo, demo_story
from intune_sync.models import SyncRun
from schools.models import Municipality

TENANT = Path(settings.BASE_DIR) / "intune_sync" / "sandbox" / "tenant.json"


class Command(BaseCommand):
    help = "Create the demo municipality and mirror its Intune. The accounts get the password in DEMO_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tenant", type=Path, default=TENANT, help="The tenant file that the sandbox was started with."
        )
        parser.add_argument("--json", action="store_true", help="Print accounts and API token as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD")
        if not password:
            raise CommandError("Set DEMO_PASSWORD to the password that the demo's accounts shall have.")
        tenant = json.loads(options["tenant"].read_text(encoding="utf-8"))
        self._refuse_a_real_municipality(tenant["municipality"]["name"])
        demo.create_organisation(tenant)
        accounts = demo.create_people(password)
        if not BaselineRevision.objects.exists():
            self._mirror(demo.FIRST_MIRROR)
            demo.take_over_present_state(timezone.now())
            self._mirror([SyncRun.Resource.INSTALL_STATUS])
        demo_story.tell(timezone.now())
        made = {"accounts": accounts, "api_token": demo.create_token()}
        self.stdout.write(
            json.dumps(made, ensure_ascii=False) if options["json"] else "The demo municipality is there."
        )

    def _mirror(self, resources: list[SyncRun.Resource]) -> None:
        for run in demo.mirror(resources):
            if run.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES):
                raise CommandError(f"Mirroring {run.resource} ended as {run.status}: {run.reason}")

    def _refuse_a_real_municipality(self, name: str) -> None:
        if Municipality.objects.exclude(name=name).exists():
            raise CommandError("This database belongs to another municipality; the demo needs a database of its own.")
