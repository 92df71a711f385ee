"""A simulated roll-out against the sandbox's computers: the portal's model and the sandbox's are two, and agree."""

import pytest

from deployments.rollouts import simulated_life
from deployments.rollouts.gate import Rules, Tally
from deployments.rollouts.simulated_life import rhythm_of
from deployments.rollouts.simulation import Computer, Program
from deployments.rollouts.simulation_result import simulate
from intune_sync.sandbox import life, outcomes
from intune_sync.sandbox.apps import App
from intune_sync.sandbox.audit import Actor
from intune_sync.sandbox.clock import HOUR, Clock
from intune_sync.sandbox.device_switches import ASKS_SECONDS
from intune_sync.sandbox.devices import Device
from intune_sync.sandbox.installs import State
from intune_sync.sandbox.tenant import load_tenant
from intune_sync.sandbox.world import World, make_world

COMPUTERS = 900
BAND = 0.06
"""Of all computers: so far the expected curve may be from what the sandbox's computers do."""
HOURS = (1, 6, 12, 24, 48, 72, 96, 120)
START = 1_800_000_000.0
EVERYBODY = [
    {
        "@odata.type": "#microsoft.graph.mobileAppAssignment",
        "intent": "required",
        "target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"},
    }
]


def test_both_go_by_the_same_figures() -> None:
    assert simulated_life.CHECK_IN_HOURS == life.CHECK_IN_EVERY / HOUR
    assert pytest.approx(ASKS_SECONDS.default / HOUR) == simulated_life.ASKS_WITHIN_HOURS
    assert simulated_life.RETRY_AFTER_HOURS == life.RETRY_AFTER / HOUR
    assert (simulated_life.MOST_ATTEMPTS, simulated_life.RECOVERS) == (life.MAX_ATTEMPTS, outcomes.RECOVERS)


@pytest.mark.parametrize("seed", [3, 11])
def test_expected_curve_is_near_what_the_sandbox_does(seed: int) -> None:
    world = make_world(load_tenant(), seed, COMPUTERS, 1.0, Clock(START))
    app = _unassigned(world)
    fleet = [device for device in world.fleet.devices if device.intune_id and app.fits(device)]
    found = simulate(_program(fleet, app, world), seed, runs=10)

    lived = _lived(world, app, fleet)

    by_hour = {row["hour"]: row["done"] / len(fleet) for row in found["curve"]}
    for hour in HOURS:
        expected = by_hour[min(by_hour, key=lambda each: abs(each - hour))]
        assert lived[hour] == pytest.approx(expected, abs=BAND), hour
    assert lived[120] > 0.8


def _unassigned(world: World) -> App:
    """For Windows, of the usual kind, and on nobody's computer."""
    return next(
        app
        for app in world.catalogue.listed()
        if app.spec.type == "win32LobApp" and not app.assignments and not any(world.installs.by_app[app.id].present)
    )


def _program(fleet: list[Device], app: App, world: World) -> Program:
    """All in one ring, on lines that are wide enough. The models' history is what the sandbox makes of them."""
    now = world.clock.now()
    models = {name: key for key, name in enumerate(sorted({device.model.name for device in fleet}), 1)}
    failing = {models[device.model.name]: app.failure_rate(device) for device in fleet}
    known = (1 - simulated_life.RECOVERS) ** (simulated_life.MOST_ATTEMPTS - 1)
    computers = tuple(
        Computer(device.ordinal, models[device.model.name], 1, (now - device.last_sync_at) / HOUR, installs=(1,))
        for device in fleet
    )
    managed = [device for device in world.fleet.devices if device.intune_id]
    return Program(
        computers=computers,
        rings={each.device_id: 1 for each in computers},
        sizes={1: app.spec.size_mb * 1_000_000},
        before={(1, model): _reports(rate * known) for model, rate in failing.items()},
        usual={1: app.spec.failure_rate * known},
        lines={},
        rhythm=rhythm_of([(now - device.last_sync_at) / HOUR for device in managed]),
        rules=Rules(),
        opens=lambda _school, hour: hour,
    )


def _reports(rate: float) -> Tally:
    return Tally(round(2000 * (1 - rate)), round(2000 * rate))


def _lived(world: World, app: App, fleet: list[Device]) -> dict[int, float]:
    """The share that has it, by hours since the assignment."""
    world.replace_assignments(app, EVERYBODY, Actor("test"))
    states, shares, start = world.installs.by_app[app.id].state, {}, world.clock.now()
    for hour in range(1, max(HOURS) + 1):
        world.clock.advance(HOUR)
        while world.life.run(start + hour * HOUR, 5.0):
            pass
        shares[hour] = sum(states[device.ordinal] == State.INSTALLED for device in fleet) / len(fleet)
    return shares
