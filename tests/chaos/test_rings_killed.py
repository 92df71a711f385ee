"""Workers that are killed while a roll-out's rings are written: each ring gets there, once, and nothing is left."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from deployments.models import Ring, RingGroup, Rollout
from deployments.services import changes, rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from intune_sync import services
from tests.chaos import orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.intune_sync.test_kept_groups import groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

KILLS = [
    Kill("ring", "after_call", "group"),
    pytest.param(Kill("ring", "after_sending_is_kept", "child"), marks=pytest.mark.full_only),
    pytest.param(Kill("ring", "before_sent_is_kept", "worker"), marks=pytest.mark.full_only),
    pytest.param(Kill("ring", "before_verified_is_kept", "group"), marks=pytest.mark.full_only),
    pytest.param(Kill("ring", "after_verified_is_kept", "group"), marks=pytest.mark.full_only),
    pytest.param(Kill("ring", "before_next", "group"), marks=pytest.mark.full_only),
]


def started(town: Town) -> Rollout:
    now = timezone.now()
    planned = town.plan(town.propose(GEOGEBRA))
    change_set = changes.approve(planned, planned.plan_hash, town.approver, now)
    settings = Settings(shares=(50, 100), least_per_model=1, soak_hours=0, gate="by_hand")
    rollout = rollouts.plan_rollout(change_set, settings, by=town.requester, now=now)
    return rollouts.start(rollout, by=town.requester, now=now, put_in_force=services.put_in_force)


@pytest.mark.parametrize("kill", KILLS, ids="-".join)
def test_rings_get_there_whoever_is_killed(kill: Kill, town: Town, workers: Workers, broker: Broker):
    approved = orders.nothing(town)
    approved.assignments = orders.ours(town, GEOGEBRA)
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    rollout = started(town)
    running = workers.start(queues=WRITING)
    for ring in rollout.rings.order_by("number"):
        kill.ordered(workers)
        victim = wait_until(sweeping(broker, partial(after_the_minute, kill, workers)), LONG_SECONDS, workers)
        if kill.whom != "child":
            running.wait(timeout=30)
            running = workers.start(queues=WRITING)
        orders.let_leases_run_out(f":{victim}" if kill.whom != "group" else "")
        wait_until(sweeping(broker, partial(is_written, ring), hurried=True), LONG_SECONDS, workers)
        (workers.kill_points / f"{kill.point}.{victim}").unlink()
        if ring.number == 1:
            assert in_entra(town) == let_in(rollout)
            rollouts.pass_ring(rollout, by=town.approver, now=timezone.now(), reason="Prov")
    wait_until(sweeping(broker, all_deleted, hurried=True), LONG_SECONDS, workers)

    rollout.refresh_from_db()
    assert rollout.status == "done"
    assert groups_named(town.tenant, RingGroup.objects.get().mail_nickname) == []
    assert wrongs(town.tenant, approved) == []


def after_the_minute(kill: Kill, workers: Workers) -> str:
    """Beat's other message: a roll-out that a sweep holds at that moment is left to the next one."""
    rollouts.advance(timezone.now())
    return kill.victim(workers)


def is_written(ring: Ring) -> bool:
    ring.refresh_from_db()
    return ring.written_at is not None


def all_deleted() -> bool:
    return not RingGroup.objects.filter(deleted_at=None).exists()


def in_entra(town: Town) -> set[str]:
    """Who is in the one group that was made, however often it was tried."""
    (group,) = groups_named(town.tenant, RingGroup.objects.get().mail_nickname)
    return members(town.tenant, group["id"])


def let_in(rollout: Rollout) -> set[str]:
    ids = rollout.members.filter(released_at__isnull=False).values_list("device__entra_object_id", flat=True)
    return {str(each) for each in ids}
