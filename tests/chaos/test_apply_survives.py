"""An apply of twelve apps in which workers die and Redis forgets ends as an undisturbed one would."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import AppVersion, ChangeSet
from deployments.services import changes
from intune_sync import services
from intune_sync.models import Operation, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.push import ledger
from tests.chaos.conftest import Broker, Workers, wait_until
from tests.pushing import GEOGEBRA, Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
LONG_SECONDS = 90

APPS = [
    GEOGEBRA,
    "GIMP",
    "Inkscape",
    "Visual Studio Code",
    "Arduino IDE",
    "MuseScore Studio",
    "LEGO Education SPIKE",
    "Adobe Acrobat Reader",
    "Exam.net",
    "Inläsningstjänst ILT",
    "Lightbot: Kodtimmen",
    "Widgit Online",
]


def start(town: Town) -> ChangeSet:
    """An approved change, in force since now by the real clock, which is the workers' clock."""
    change_set = town.plan(town.propose(*APPS))
    approved = changes.approve(change_set, change_set.plan_hash, town.approver, timezone.now())
    return services.apply_change_set(approved, town.requester, timezone.now())


def slow_down(town: Town, seconds: float = 0.25) -> None:
    """Each write takes a while, so that there is a middle to be killed in."""
    town.tenant.fault("delay", seconds=seconds, count=-1)


def expected(town: Town) -> dict[str, set[str]]:
    """By app id: what was there before, and ours in addition."""
    ours = assignment_key(assignment_for("group", town.gymnasium.entra_group_id, "required"))
    added = {town.tenant.app_id(name) for name in APPS}
    return {
        app: {assignment_key(raw) for raw in raws} | ({ours} if app in added else set())
        for app, raws in town.tenant.at_start.items()
    }


def check(town: Town) -> None:
    """By the sandbox's account alone: the right lists, every foreign entry to the byte, nothing else was written."""
    now = town.tenant.everything()
    assert {app: {assignment_key(raw) for raw in raws} for app, raws in now.items()} == expected(town)
    for app, raws in town.tenant.at_start.items():
        assert all(raw in now[app] for raw in raws)
    sent = town.tenant.writes()
    assert {call["path"].split("/")[-2] for call in sent} == {town.tenant.app_id(name) for name in APPS}
    for call in sent:
        foreign = town.tenant.at_start[call["path"].split("/")[-2]]
        assert all(raw in call["body"]["mobileAppAssignments"] for raw in foreign)


def verified() -> int:
    return Operation.objects.filter(status="verified").count()


def is_applied(change_set: ChangeSet) -> bool:
    return ChangeSet.objects.filter(pk=change_set.pk, status="applied").exists()


def let_leases_run_out() -> None:
    """What a minute does; nobody holds them any more."""
    Operation.objects.filter(status__in=Operation.HELD).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_undisturbed_each_app_is_written_once(town: Town, workers: Workers, broker: Broker):
    workers.start()
    change_set = start(town)
    broker.wake_writers()

    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    check(town)
    assert len(town.tenant.writes()) == len(APPS)


def test_workers_killed_in_the_middle(town: Town, workers: Workers, broker: Broker):
    slow_down(town)
    first = workers.start()
    change_set = start(town)
    broker.wake_writers()
    wait_until(lambda: verified() >= 2, LONG_SECONDS, workers)

    workers.kill(first)
    left = Operation.objects.open().count()
    let_leases_run_out()
    workers.start()
    workers.start(beat=True, name="beat")
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    assert left > 0
    check(town)
    assert len(town.tenant.writes()) <= len(APPS) + 2


def test_workers_killed_again_and_again(town: Town, workers: Workers):
    slow_down(town, 0.1)
    change_set = start(town)
    workers.start(beat=True, name="beat")

    for goal in (1, 4, 7):
        process = workers.start()
        wait_until(lambda goal=goal: verified() >= goal, LONG_SECONDS, workers)
        workers.kill(process)
        let_leases_run_out()
    workers.start()
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    check(town)


def test_redis_flushed_in_the_middle(town: Town, workers: Workers, broker: Broker):
    slow_down(town)
    workers.start()
    workers.start(beat=True, name="beat")
    change_set = start(town)
    broker.wake_writers()
    wait_until(lambda: verified() >= 2, LONG_SECONDS, workers)

    broker.flush()
    left = Operation.objects.open().count()
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    assert left > 0
    check(town)
    assert len(town.tenant.writes()) == len(APPS)


def test_a_message_that_never_came_is_made_up_for_by_the_sweep(town: Town, workers: Workers):
    change_set = start(town)

    workers.start()
    workers.start(beat=True, name="beat")
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    check(town)


def test_two_workers_share_the_work_and_double_nothing(town: Town, workers: Workers, broker: Broker):
    slow_down(town, 0.1)
    workers.start()
    workers.start()
    change_set = start(town)
    for _ in range(5):
        broker.wake_writers()

    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    check(town)
    assert len(town.tenant.writes()) == len(APPS)
    assert Operation.objects.values("worker").distinct().count() > 1


def test_in_bad_weather_with_a_foreign_administrator_everything_arrives(town: Town, workers: Workers):
    theirs = assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "available")
    change_set = start(town)
    town.tenant.fault("throttle", retry_after=0.3, count=-1, rate=0.2)
    town.tenant.fault("drop_after", count=2, rate=0.3)
    town.tenant.fault("drop_before", count=2, rate=0.3)
    town.tenant.somebody_adds_after_reading("GIMP", theirs)

    workers.start()
    workers.start(beat=True, name="beat")
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    after = town.tenant.everything()
    seen = {app: {assignment_key(raw) for raw in raws} for app, raws in after.items()}
    wanted = expected(town)
    wanted[town.tenant.app_id("GIMP")] |= {assignment_key(theirs)}
    assert seen == wanted
    owned = set(OwnedAssignment.objects.values_list("app_version", "key"))
    assert {(version.pk, assignment_key(theirs)) for version in AppVersion.objects.all()}.isdisjoint(owned)


def test_a_worker_that_wakes_up_late_is_fenced(town: Town, workers: Workers, broker: Broker):
    """It slept through its lease; another worker did the work; its own steps count for nothing."""
    change_set = start(town)
    late = ledger.claim(timezone.now(), "late")
    let_leases_run_out()
    workers.start()
    broker.wake_writers()
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, workers)

    with pytest.raises(ledger.LostLease):
        late.move("sending", timezone.now())

    check(town)
    assert Operation.objects.get(pk=late.operation.pk).status == "verified"
