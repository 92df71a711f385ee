"""A good version reaches everybody, ring by ring as usual, although reports lag and 15 per cent of the computers are
off; those get it when they return. By the API, with Microsoft's side played for real."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from deployments.models import AppVersion, BaselineRevision, Rollout
from deployments.rollouts.progress import progress
from fleet.models import Device, Platform
from intune_sync.models import IntuneApp, SyncRun
from schools.models import Municipality as MunicipalityRow
from tests.scenario.conftest import Begin, Municipality

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

APP, VERSION = "7-Zip", "25.00"
LAG_HOURS = 8
"""Between half of it and one and a half, each computer its own."""
STEP_HOURS, MOST_STEPS = 6, 40
SOAK = timedelta(hours=24)
AS_SHOWN = {"passed": 0, "opening": 1, "open": 1, "planned": 2}


@dataclass(frozen=True)
class Step:
    """`answers` of the six that hold a computer; `there`: on so many computers the version really is."""

    rings: list[dict[str, Any]]
    answers: dict[str, int]
    there: int


def test_good_version_reaches_everybody_ring_by_ring_although_reports_lag_and_some_are_off(begin: Begin) -> None:
    with begin(devices=300) as municipality:
        everybody_is_on(municipality)
        version = a_new_version_is_taken_up(municipality)
        rollout = a_roll_out_is_planned(municipality, version)
        everyone = set(rollout.members.values_list("device", flat=True))
        off = three_in_twenty(everyone)
        for device in off:
            tell(municipality, device, "off")

        municipality["anna"].post(f"rollouts/{rollout.pk}/start/", expect=202)
        municipality.roll_out()
        steps = it_goes_through_its_rings(municipality, rollout, version)

        the_rings_opened_in_order_each_after_its_gate(municipality, rollout, steps)
        assert all(sum(step.answers.values()) == len(everyone) for step in steps)
        assert any(step.answers["installed"] < step.there for step in steps)  # reports lag
        assert steps[-1].answers == only(installed=len(everyone) - len(off), waiting_for_device=len(off))
        assert shown_as_waiting_for_the_computer(municipality, rollout) == off

        for device in off:
            tell(municipality, device, "on")
        last = a_step(municipality, rollout, version, hours=2 * LAG_HOURS)

        assert last.answers == only(installed=len(everyone))
        assert last.there >= len(everyone)  # Intune has a few that the portal cannot tell apart
        group = MunicipalityRow.objects.get().entra_group_id
        assert {raw["target"]["groupId"] for raw in assigned(municipality, version)} == {str(group)}


def everybody_is_on(of: Municipality) -> None:
    """So that nobody is off but those who are told to be. Reports take no time, and say what was so a while ago."""
    of.sandbox.post("/sandbox/settings", {"leaves_rate": 0, "export_seconds": 0})
    for device in Device.objects.filter(platform=Platform.WINDOWS):
        if device.intune_id is None:
            tell(of, device, "enrol")
        tell(of, device, "on")
    of.hours_pass(1)
    of.read(SyncRun.Resource.AUTOPILOT, SyncRun.Resource.DEVICES, SyncRun.Resource.INSTALL_STATUS)
    of.sandbox.post("/sandbox/settings", {"report_lag_seconds": 3600 * LAG_HOURS})


def tell(of: Municipality, device: Device, act: str) -> None:
    of.sandbox.post("/sandbox/devices", {"id": str(device.autopilot_id), "act": act})


def three_in_twenty(devices: Iterable[int]) -> set[Device]:
    """Of every model and school, as they stand side by side."""
    found = {pk for place, pk in enumerate(sorted(devices)) if place % 20 in (3, 10, 17)}
    return set(Device.objects.filter(pk__in=found))


def a_new_version_is_taken_up(of: Municipality) -> AppVersion:
    (known,) = of.application(APP).versions.all()
    good = {"version": VERSION, "failure_rate": 0.0, "failure_by_model": {}}
    made = of.sandbox.post("/sandbox/foreign", {"app_id": str(known.intune_app_id), "new_version": good})["id"]
    of.read(SyncRun.Resource.APPS)
    of["anna"].press(f"/intune/apps/{IntuneApp.objects.get(graph_id=made).pk}/adopt/")
    return of.application(APP).versions.get(intune_app_id=made)


def a_roll_out_is_planned(of: Municipality, version: AppVersion) -> Rollout:
    """Anna proposes the version for all computers and plans it with what is usual; Bengt approves it."""
    of["anna"].press(f"/baselines/{of.present.pk}/draft/")
    draft = BaselineRevision.objects.latest("pk")
    everybody = f"municipality:{MunicipalityRow.objects.get().pk}"
    said = {"application": version.application_id, "decision": "required", "version": version.pk}
    of["anna"].press(f"/revisions/{draft.pk}/entries/", container=everybody, **said)
    change = of["anna"].post(f"revisions/{draft.pk}/propose/", expect=201, reason="Ny version")["id"]
    of["anna"].post(f"change-sets/{change}/preview/")
    planned = of["anna"].get(f"change-sets/{change}/")
    of["bengt"].post(f"change-sets/{change}/approve/", plan_hash=planned["plan_hash"])
    made = of["anna"].post("rollouts/", expect=201, change_set=change)
    row = Rollout.objects.get(pk=made["id"])
    assert list(row.rings.values_list("share", flat=True)) == [1, 10, 50, 100]
    assert (row.soak, row.gate) == (SOAK, "automatic")
    return row


def it_goes_through_its_rings(of: Municipality, rollout: Rollout, version: AppVersion) -> list[Step]:
    """Every few hours, until the last ring is out and all that are on have had the time to report."""
    steps = [a_step(of, rollout, version)]
    while rollout.status != Rollout.Status.DONE:
        assert len(steps) < MOST_STEPS, steps[-1]
        steps.append(a_step(of, rollout, version))
    return [*steps, a_step(of, rollout, version, hours=2 * LAG_HOURS)]


def a_step(of: Municipality, rollout: Rollout, version: AppVersion, hours: int = STEP_HOURS) -> Step:
    of.hours_pass(hours)
    of.read()
    of.roll_out()
    rollout.refresh_from_db()
    answers = of["anna"].get(f"change-sets/{rollout.change_set_id}/progress/")
    seen = progress(rollout, of["anna"].user, timezone.now()).whole
    assert seen.total == sum(answers["counts"].values()) == answers["total"]
    real = of.sandbox.get(f"/sandbox/installs?app_id={version.intune_app_id}")
    there = sum(each["present"] for each in real.values())
    return Step(of["anna"].get(f"rollouts/{rollout.pk}/rings/"), answers["counts"], there)


def the_rings_opened_in_order_each_after_its_gate(of: Municipality, rollout: Rollout, steps: list[Step]) -> None:
    for step in steps:
        stages = [AS_SHOWN[ring["status"]] for ring in step.rings]
        assert stages == sorted(stages)
        assert stages.count(1) <= 1
    rings = steps[-1].rings
    assert [ring["status"] for ring in rings] == ["passed"] * 4
    for ring, following in pairwise(rings):
        assert ring["reading"]["verdict"] == "pass"
        assert moment(ring["written_at"]) + SOAK <= moment(ring["passed_at"]) <= moment(following["opened_at"])
    assert not any(ring["reason"] for ring in rings)  # nobody let one through
    first = next(step for step in steps if step.rings[0]["status"] == "open" and step.there)
    assert first.rings[0]["reading"]["verdict"] == "too_few"  # most have it, and few have said so


def shown_as_waiting_for_the_computer(of: Municipality, rollout: Rollout) -> set[Device]:
    shown = of["anna"].read(f"/rollouts/{rollout.pk}/computers/?status=waiting_for_device").decode()
    return {device for device in Device.objects.all() if f'"{device.get_absolute_url()}"' in shown}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def only(**counts: int) -> dict[str, int]:
    """These answers, and nobody in the others."""
    names = ("installed", "waiting_for_device", "waiting_for_intune", "failed", "not_applicable", "unknown")
    return dict.fromkeys(names, 0) | counts


def assigned(of: Municipality, version: AppVersion) -> list[dict[str, Any]]:
    return list(of.sandbox.get("/sandbox/assignments")[str(version.intune_app_id)])
