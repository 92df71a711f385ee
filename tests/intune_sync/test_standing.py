"""What sync health says in each state: what is wrong, since when, and what to do; the gravest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from intune_sync import signs, tasks
from intune_sync.graph.condition import ConditionWriter
from intune_sync.graph.errors import GraphUnavailable, Unauthenticated
from intune_sync.models import Epoch, GraphBreaker, GraphCondition, GraphHold, Operation, QueueSign
from intune_sync.models.signs import GONE_AFTER
from intune_sync.push import epochs
from intune_sync.standing import Trouble
from schools.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> User:
    user = factories.person("it_admin")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture(autouse=True)
def all_work(admin: User) -> None:
    factories.municipality()
    GraphCondition.objects.create(last_answer_at=timezone.now())
    signs.leave_signs(QueueSign.Queue.values, "worker@here", timezone.now())


def found(client: Client) -> list[Trouble]:
    return client.get(reverse("intune_sync:health")).context["troubles"]


def codes(client: Client) -> list[str]:
    return [trouble.code for trouble in found(client)]


def page(client: Client, language: str = "en") -> str:
    client.cookies["django_language"] = language
    cache.clear()
    return client.get(reverse("intune_sync:health")).content.decode()


def gone(*queues: str) -> None:
    QueueSign.objects.filter(queue__in=queues).update(seen_at=timezone.now() - 2 * GONE_AFTER)


def failed_run(reason: str, resource: str = "apps", **columns: Any) -> None:
    factories.sync_run(resource, "failed", reason=reason, reason_data={"said": "No."}, **columns)


def writes(status: str, **columns: Any) -> Operation:
    return factories.autopilot_mark(status=status, **columns)


def test_all_well_is_said_in_one_sentence(client: Client) -> None:
    assert codes(client) == []
    assert "All is well" in page(client)


@pytest.mark.parametrize("queue", QueueSign.Queue.values)
def test_a_queue_that_nobody_empties_is_told_with_the_service_to_start(client: Client, queue: str) -> None:
    gone(queue)

    (trouble,) = found(client)

    assert trouble.code == f"queue_{queue}"
    assert QueueSign.SERVICES[queue] in trouble.todo
    assert trouble.since and trouble.since < timezone.now() - GONE_AFTER


def test_a_worker_that_reads_for_long_lives_as_its_run_says(client: Client) -> None:
    gone("pull")
    factories.sync_run("devices", "running", heartbeat_at=timezone.now())

    assert codes(client) == []


def test_a_worker_that_has_just_started_has_left_its_sign(client: Client) -> None:
    gone("pull")

    tasks.sign.apply(args=["pull"])

    assert codes(client) == []


def test_without_workers_beat_is_told_when_no_message_waits_and_the_workers_when_some_do(
    client: Client, waiting_messages: Any
) -> None:
    gone(*QueueSign.Queue.values)

    assert codes(client) == ["beat"]
    waiting_messages.lpush("default", "{}")
    assert codes(client) == ["workers"]


@pytest.fixture
def waiting_messages() -> Iterator[Any]:
    server = signs._redis()
    before = {name: server.lrange(name, 0, -1) for name in QueueSign.Queue.values}
    server.delete(*before)
    yield server
    server.delete(*before)


def test_redis_that_does_not_answer_is_told_alone(client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    signs._redis.cache_clear()
    gone("pull", "write")
    try:
        assert codes(client) == ["broker"]
    finally:
        signs._redis.cache_clear()


def test_a_refused_sign_in_is_not_called_silence(client: Client) -> None:
    ConditionWriter().failed(Unauthenticated("AADSTS7000215: Invalid client secret."))

    (trouble,) = found(client)

    assert (trouble.code, trouble.said) == ("sign_in", "AADSTS7000215: Invalid client secret.")
    assert "har inte godtagit portalens inloggning" in page(client, "sv")


def test_a_reader_that_is_refused_is_told_although_the_writer_is_let_in(client: Client) -> None:
    failed_run("unauthenticated")

    assert codes(client) == ["sign_in"]


def test_silence_is_told_with_the_time_of_the_next_question(client: Client) -> None:
    at = timezone.now() + timedelta(seconds=20)
    ConditionWriter().failed(GraphUnavailable("Service unavailable."))
    GraphBreaker.objects.create(opened_at=timezone.now(), probe_at=at)
    failed_run("graph_unavailable")

    (trouble,) = found(client)

    assert trouble.code == "down"
    assert timezone.localtime(at).strftime("%H:%M:%S") in trouble.todo


def test_a_missing_permission_names_what_cannot_be_read(client: Client) -> None:
    failed_run("forbidden", "apps")
    failed_run("forbidden", "groups")

    (trouble,) = found(client)

    assert trouble.code == "forbidden"
    assert "Entra groups and Apps and assignments" in trouble.what


def test_each_other_failure_leads_to_its_run(client: Client) -> None:
    factories.sync_run("install_status", "failed", reason="export_failed")

    (trouble,) = found(client)

    assert "report" in trouble.means
    assert trouble.url.startswith("/sync/runs/")


def test_a_shrunken_answer_asks_for_a_decision(client: Client) -> None:
    factories.sync_run("devices", "unsafe")

    assert codes(client) == ["unsafe"]


def test_slowness_that_microsoft_asked_for_needs_nobody(client: Client) -> None:
    GraphHold.objects.create(client_id="*", service="apps", until=timezone.now() + timedelta(minutes=1))

    (trouble,) = found(client)

    assert (trouble.code, trouble.tone) == ("throttled", "wait")
    assert "Apps" in trouble.means


def test_the_stop_tells_who_why_and_how_many_wait(client: Client) -> None:
    writes("ready")
    stop = factories.kill_switch(reason="Fel grupp")

    (trouble,) = found(client)

    assert str(stop.thrown_by) in trouble.what
    assert "Fel grupp" in trouble.means and "1 write waits" in trouble.means


def test_writes_are_counted_by_what_they_wait_for_and_each_count_leads_to_exactly_its_list(client: Client) -> None:
    writes("awaiting_approval")
    writes("unknown", problem="answer_lost")
    writes("unknown", problem="answer_lost")
    writes("failed", problem="poison", quarantined_at=timezone.now())

    assert codes(client) == ["aside", "approval"]
    health = client.get(reverse("intune_sync:health"))
    groups = {(group.status, group.problem): group.count for group in health.context["health"].queue.groups}
    for (status, problem), count in groups.items():
        url = f"{reverse('intune_sync:write_list')}?status={status}&problem={problem or 'none'}"
        assert url.replace("&", "&amp;") in health.content.decode()
        assert len(client.get(url).context["page"].rows) == count
    assert groups == {("awaiting_approval", ""): 1, ("unknown", "answer_lost"): 2, ("failed", "poison"): 1}


def test_what_was_set_aside_is_let_in_from_its_list(client: Client) -> None:
    operation = writes("failed", problem="poison", quarantined_at=timezone.now())

    listed = client.get(f"{reverse('intune_sync:write_list')}?aside=1").content.decode()

    assert reverse("intune_sync:release_operation", args=[operation.pk]) in listed


def test_every_page_tells_it_that_work_has_stopped_and_teachers_see_nothing_of_it(client: Client) -> None:
    gone("write")

    assert "Part of the portal’s own work has stopped." in page(client)
    client.force_login(factories.person("teacher", factories.school()))
    assert "own work has stopped" not in client.get("/").content.decode()


def test_the_page_costs_as_much_whatever_is_wrong(client: Client, django_assert_max_num_queries: Any) -> None:
    epochs.current()
    cache.clear()
    with django_assert_max_num_queries(19):  # two of them for the person, six for clock and epoch
        client.get(reverse("intune_sync:health"))
    for resource in ("apps", "devices", "groups", "filters"):
        failed_run("unexpected", resource)
    for _each in range(20):
        writes("ready")
    gone("write")
    cache.clear()
    with django_assert_max_num_queries(19):
        client.get(reverse("intune_sync:health"))


def test_several_readings_that_failed_for_one_reason_are_one_trouble(client: Client) -> None:
    failed_run("unexpected", "apps")
    failed_run("unexpected", "groups")
    failed_run("export_failed", "install_status")

    both, one = found(client)

    assert both.code == one.code == "failed_run"
    assert "Apps" in both.what and "groups" in both.what
    assert "status=failed" in both.url


def test_a_restored_database_is_told_until_a_new_epoch_begins(client: Client) -> None:
    epochs.current()
    Epoch.objects.update(database="another")

    (trouble,) = found(client)

    assert trouble.code == "restored"
    assert "new_epoch" in trouble.todo
    epochs.begin("Backup of 3 March", timezone.now())
    assert codes(client) == []


def test_since_when_graph_asks_to_wait_is_told_by_the_reading_that_waits(client: Client) -> None:
    told_at = timezone.now() - timedelta(minutes=4)
    GraphHold.objects.create(client_id="*", service="apps", until=timezone.now() + timedelta(minutes=1))
    factories.sync_run("apps", "queued", reason="throttled", started_at=told_at, heartbeat_at=told_at)

    (trouble,) = found(client)

    assert (trouble.code, trouble.since) == ("throttled", told_at)


def test_a_worker_whose_clock_goes_wrong_is_told_and_its_signs_count(client: Client) -> None:
    """It leaves its sign by the database's clock, which here is ten minutes behind its own."""
    now = timezone.now()
    signs.leave_signs(["pull"], "worker@here", now - timedelta(minutes=10))
    QueueSign.objects.filter(queue="pull").update(seen_at=now)

    (trouble,) = found(client)

    assert trouble.code == "clocks"
    assert "600 seconds" in trouble.what
    assert "Ahead of the database's clock: worker-pull" in trouble.means


def test_a_server_whose_clock_is_behind_still_sees_the_workers(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) - timedelta(minutes=10))

    (trouble,) = found(client)

    assert trouble.code == "clocks"
    assert "Behind the database's clock: web" in trouble.means
