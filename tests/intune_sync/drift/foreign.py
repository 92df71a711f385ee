"""The town's portal reading Intune, and somebody else at work there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from deployments.models import AppVersion
from deployments.organisation import load_organisation
from intune_sync import runs
from intune_sync.drift import words
from intune_sync.models import DriftItem, OwnedAssignment, SyncRun
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.push import apply
from schools.clock import shared_now
from schools.models import SchoolForm
from tests.pushing import Town

RESOURCES = ("groups", "filters", "apps")
SOMEBODY = "per.adm@ekestad.example"


@dataclass
class Portal:
    """`at_start`: differences that there were before anything was seeded."""

    town: Town
    at_start: list[int] = field(default_factory=list)

    def begin(self) -> None:
        for form in SchoolForm.objects.all():
            form.group_tag_prefix = "GY-" if form.code == "gymnasieskola" else "GR-"
            form.save()
        self.settle()

    def settle(self) -> None:
        """Take what there is now for what there was at the start."""
        self.read_twice(*RESOURCES)
        self.at_start = list(DriftItem.objects.values_list("pk", flat=True))

    def read(self, *resources: str) -> list[SyncRun]:
        """Everything of these; a run that stopped because much is gone is let through."""
        done = []
        for resource in resources:
            run = runs.run(runs.request_runs([resource], "schedule")[0].pk)
            if run.status == "unsafe":
                run = runs.run(runs.release(run, self.town.requester).pk)
            assert run.status in ("changed", "no_changes"), (resource, run.status, run.reason)
            done.append(run)
        return done

    def read_twice(self, *resources: str) -> None:
        """What an answer lacks is believed when the next lacks it too."""
        self.read(*resources)
        self.read(*resources)

    def somebody(self, **order: Any) -> Any:
        return self.town.tenant.sandbox.post("/sandbox/foreign", {"by": SOMEBODY, **order})

    @property
    def items(self) -> list[DriftItem]:
        """Open, without those that there were at the start."""
        return list(DriftItem.objects.open().exclude(pk__in=self.at_start).order_by("pk"))

    @property
    def item(self) -> DriftItem:
        (item,) = self.items
        return item

    def ours(self, tag: str = "") -> tuple[AppVersion, dict[str, Any]]:
        """An app, and an inclusion of ours in its list."""
        owned = OwnedAssignment.objects.filter(key__startswith="group:").select_related("app_version").order_by("pk")
        mine = owned.filter(key__contains=str(self.town.schools[tag].entra_group_id)) if tag else owned
        row = mine[0]
        raws = self.town.tenant.everything()[str(row.app_version.intune_app_id)]
        return row.app_version, next(raw for raw in raws if assignment_key(raw) == row.key)

    def to_school(self, tag: str, intent: str = "required", exclude: bool = False) -> dict[str, Any]:
        return assignment_for("group", self.town.schools[tag].entra_group_id, intent, exclude)

    def instead(self, version: AppVersion, old: dict[str, Any], *new: dict[str, Any]) -> None:
        """Somebody puts others in the place of an entry."""
        app_id = str(version.intune_app_id)
        kept = [raw for raw in self.town.tenant.everything()[app_id] if raw["id"] != old["id"]]
        self.somebody(app_id=app_id, assignments=[*kept, *new])

    def write(self) -> None:
        """By the clock that readings go by."""
        apply.work(shared_now())


def said(item: DriftItem) -> tuple[str, str]:
    """What is decided and what Intune has, in English."""
    names = words.names_for([item], load_organisation())
    with translation.override("en"):
        return " ".join(words.decided(item, names)), " ".join(words.in_intune(item, names))
