"""The demo's software as computers report it, and a program that IT has just asked the portal to create in Intune."""

from __future__ import annotations

from datetime import datetime

from intune_sync import runs
from intune_sync.models import Operation, SyncRun
from intune_sync.payloads.new_apps import WINGET
from intune_sync.services.new_apps import NewApp, request_app
from schools.models import User

MODELLING = "Tredimensionell modellering, animering och rendering."
BLENDER = NewApp(
    type=WINGET,
    name="Blender",
    publisher="Blender Foundation",
    description=MODELLING,
    package="9PP3C07GTVRH",
)


def tell(now: datetime) -> None:
    """Again does nothing. A worker creates the program as soon as one runs."""
    if not SyncRun.objects.complete().filter(resource=SyncRun.Resource.DETECTED_APPS).exists():
        (run,) = runs.request_runs([SyncRun.Resource.DETECTED_APPS], SyncRun.Trigger.COMMAND)
        runs.run(run.pk)
    if not Operation.objects.filter(kind=Operation.Kind.CREATE_APP).exists():
        request_app(BLENDER, User.objects.get(username="anna"))
