"""What is going on, for somebody who knows nothing of queues and tokens: each trouble in four plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intune_sync.graph.state import DoorState
from intune_sync.models import KillSwitch, Operation, QueueSign, SyncRun
from intune_sync.queries import Health
from intune_sync.signs import Workers
from schools.templatetags.face import number


@dataclass(frozen=True)
class Trouble:
    """`what` is wrong `since` when, what it `means` for the schools and `todo`: what to do, or that nothing has to be.

    `tone` as in `schools.status.Look`. `said` are Microsoft's own words. `url` leads to what it is about. `run` is one
    that a person may let through.
    """

    code: str
    tone: str
    what: str
    means: str
    todo: str
    since: datetime | None = None
    said: str = ""
    url: str = ""
    link: str = ""
    run: SyncRun | None = None

    @property
    def icon(self) -> str:
        return {"bad": "circle-x", "warn": "alert-triangle"}.get(self.tone, "hourglass")


def troubles(
    health: Health, door: DoorState, workers: Workers, stop: KillSwitch | None, *, is_restored: bool = False
) -> list[Trouble]:
    """The gravest first. `is_restored`: the database comes from a copy, and nobody has said so yet."""
    return [
        *_about_all_workers(workers),
        *_about_stop(health, stop),
        *_about_restored(is_restored),
        *_about_graph(health, door),
        *_about_clocks(workers),
        *_about_queues(workers),
        *_about_runs(health),
        *_about_writes(health),
        *_about_late(health, workers),
    ]


def _about_all_workers(workers: Workers) -> Iterator[Trouble]:
    whole = None
    if not workers.has_broker:
        whole = "broker", _("Redis, which hands the portal's workers their work, does not answer."), "redis"
    elif workers.beat_is_gone:
        whole = "beat", _("The portal's clock, which starts all its work, has stopped."), "beat"
    elif workers.all_gone:
        whole = "workers", _("None of the portal's workers is running."), ", ".join(QueueSign.SERVICES.values())
    if whole:
        code, what, services = whole
        means = _(
            "Nothing new is read from Intune and nothing is written to it. Nothing is lost: all that waits is kept in "
            "the database. Schools see the figures from before, and can ask and approve as usual."
        )
        yield Trouble(code, "bad", what, means, _start(services), since=workers.last_sign_at)


def _about_queues(workers: Workers) -> Iterator[Trouble]:
    """Where one thing stopped all of them, that is told instead."""
    if workers.all_gone or not workers.has_broker:
        return
    for queue, seen_at in workers.gone.items():
        what, means = _of_queue(queue)
        yield Trouble(f"queue_{queue}", "bad", what, means, _start(QueueSign.SERVICES[queue]), since=seen_at)


def _start(services: str) -> str:
    sentence = _(
        "Start what has stopped again, or ask whoever runs the server to: %(services)s. Work then goes on by itself."
    )
    return sentence % {"services": services}


def _of_queue(queue: str) -> tuple[str, str]:
    return {
        "default": (
            _("Nothing new is started: the worker that looks for work has stopped."),
            _("Readings do not start by themselves, and letters are not sent. What is under way goes on."),
        ),
        "pull": (
            _("Nothing is read from Intune: the worker that reads has stopped."),
            _("The figures become older. Writing to Intune goes on."),
        ),
        "write": (
            _("Nothing is written to Intune: the worker that writes has stopped."),
            _("Approved changes wait, and none of them is lost. Reading from Intune goes on."),
        ),
        "destructive": (
            _("No actions are sent to computers: the worker for them has stopped."),
            _("Ordered restarts, resets and wipes wait. Everything else goes on."),
        ),
    }[queue]


def _about_stop(health: Health, stop: KillSwitch | None) -> Iterator[Trouble]:
    if stop is None:
        return
    waiting = ngettext("%(number)s write waits.", "%(number)s writes wait.", health.queue.open)
    means = _("The reason given: “%(reason)s” %(waiting)s Reading from Intune goes on.") % {
        "reason": stop.reason,
        "waiting": waiting % {"number": number(health.queue.open)},
    }
    if stop.first_release_by:
        todo = _("%(person)s has released it. One more person has to.") % {"person": stop.first_release_by}
    else:
        todo = _("When the reason is gone, two different people release it.")
    what = _("%(person)s has stopped all writing to Intune.") % {"person": stop.thrown_by}
    url, link = reverse("intune_sync:stop"), _("To the stop")
    yield Trouble("stopped", "bad", what, means, todo, since=stop.thrown_at, url=url, link=link)


def _about_restored(is_restored: bool) -> Iterator[Trouble]:
    if not is_restored:
        return
    what = _("The database has been restored from a copy.")
    means = _(
        "It does not know what was done since the copy was made. So that no computer is wiped twice, wipes, resets and "
        "retirements are not sent. Everything else goes on."
    )
    todo = _(
        "Look at what was ordered. Then whoever runs the server runs the command “manage.py new_epoch”, with the "
        "reason: what the copy remembers as unsent is never sent, and new orders are sent again."
    )
    url, link = reverse("intune_sync:order_list"), _("To the remote actions")
    yield Trouble("restored", "bad", what, means, todo, url=url, link=link)


def _about_clocks(workers: Workers) -> Iterator[Trouble]:
    ahead = [service for service, off in workers.clocks.items() if off > 0]
    behind = [service for service, off in workers.clocks.items() if off < 0]
    if not workers.clocks:
        return
    what = _("The clocks of the portal's servers differ by %(seconds)s seconds.") % {
        "seconds": number(round(max(abs(off) for off in workers.clocks.values())))
    }
    means = _("Times on these pages may be wrong, and Microsoft may refuse the portal's sign-in.")
    if ahead:
        means += " " + _("Ahead of the database's clock: %(services)s.") % {"services": ", ".join(ahead)}
    if behind:
        means += " " + _("Behind the database's clock: %(services)s.") % {"services": ", ".join(behind)}
    todo = _(
        "Ask whoever runs the servers to set their clocks by a time server (NTP). Work goes on meanwhile, since all of "
        "it follows the database's clock."
    )
    yield Trouble("clocks", "warn", what, means, todo)


def _about_graph(health: Health, door: DoorState) -> Iterator[Trouble]:
    fresh = health.freshness
    waits = _("Schools see the figures from before, and what is approved waits without being lost.")
    refused = [run for run in _last_runs(health) if run.reason == "unauthenticated"]
    if (fresh.down_since and fresh.is_refused) or refused:
        todo = _(
            "Look in Entra, under App registrations, whether the secret or certificate has expired or been replaced. "
            "Put the new one where the portal's settings are, and restart its workers."
        )
        what = _("Microsoft does not accept the portal's sign-in.")
        since = fresh.down_since or min(run.finished_at for run in refused if run.finished_at)
        said = fresh.said or str(refused[0].reason_data.get("said", ""))
        yield Trouble("sign_in", "bad", what, waits, todo, since=since, said=said)
    elif fresh.down_since or door.pause:
        silent_since = fresh.down_since or (door.pause and door.pause.since) or None
        todo = _("You need not do anything: the portal asks again by itself, and goes on when there is an answer.")
        if door.pause and door.pause.probe_at:
            asks = _(
                "The portal pauses its calls, asks again at %(time)s and goes on by itself when there is an answer."
            )
            todo = asks % {"time": formats.time_format(timezone.localtime(door.pause.probe_at), "H:i:s")}
        todo += " " + _("If it lasts for hours, look at Microsoft's service health and at the server's own connection.")
        what = _("Intune does not answer.")
        said = door.pause.said if door.pause else fresh.said
        yield Trouble("down", "bad", what, waits, todo, since=silent_since, said=said)
    else:
        yield from _about_pace(health, door)


def _about_pace(health: Health, door: DoorState) -> Iterator[Trouble]:
    """Not a fault: Microsoft limits how much may be asked."""
    until = [each.held_until for each in door.notable if each.held_until]
    if not door.notable and not health.queue.throttled:
        return
    services = get_text_list([str(each.label) for each in door.notable], _("and"))
    means = _("Reading and writing take longer than usual, and nothing is lost.")
    if services:
        means = f"{means} " + _("It concerns: %(services)s.") % {"services": services}
    todo = _("You need not do anything: the portal goes on by itself, and becomes faster again by and by.")
    if until:
        goes_on = _("You need not do anything: the portal goes on by itself at %(time)s.")
        todo = goes_on % {"time": formats.time_format(timezone.localtime(max(until)), "H:i:s")}
    told = [row.open.heartbeat_at for row in health.resources if row.open and row.open.reason == "throttled"]
    since = min(filter(None, told), default=None)
    yield Trouble("throttled", "wait", _("Microsoft has asked the portal to slow down."), means, todo, since=since)


def _last_runs(health: Health) -> list[SyncRun]:
    """How it went, of what is not being read anew."""
    return [row.last for row in health.resources if row.last and not row.open]


_TOLD_OF_GRAPH = ("graph_unavailable", "paused", "throttled")
"""Reasons of a run that the state of Graph as a whole explains already."""


def _about_runs(health: Health) -> Iterator[Trouble]:
    for run in health.releasable:
        what = _("“%(what)s” was stopped because too much was missing from Intune's answer.")
        todo = _("Look at the figures. If they are right, let the reading through; otherwise wait for the next one.")
        yield replace(_of_run("unsafe", "warn", run, what, todo), run=run)
    last = _last_runs(health)
    forbidden = [run for run in last if run.reason == "forbidden"]
    if forbidden:
        yield _about_permissions(forbidden)
    told = {"forbidden", "unauthenticated", *(_TOLD_OF_GRAPH if health.freshness.down_since else ())}
    troubled = (SyncRun.Status.FAILED, SyncRun.Status.ABANDONED)
    failed: dict[str, list[SyncRun]] = {}
    for run in last:
        if run.status in troubled and run.reason not in told:
            failed.setdefault(run.explanation, []).append(run)
    for runs in failed.values():
        yield _about_failed(runs)


def _about_failed(runs: list[SyncRun]) -> Trouble:
    """Several that failed for one reason are one trouble."""
    todo = _("You need not do anything the first times: it is tried again by itself. If it goes on, the log has more.")
    if len(runs) == 1:
        return _of_run("failed_run", "warn", runs[0], _("“%(what)s” could not be read the last time."), todo)
    names = get_text_list([run.get_resource_display() for run in runs], _("and"))
    what = _("The last time, these could not be read: %(names)s.") % {"names": names}
    url = f"{reverse('intune_sync:sync_run_list')}?status={runs[0].status}"
    since = min((run.finished_at for run in runs if run.finished_at), default=None)
    return Trouble(
        "failed_run", "warn", what, runs[0].explanation, todo, since=since, url=url, link=_("To the synchronisations")
    )


def _of_run(code: str, tone: str, run: SyncRun, what: str, todo: str) -> Trouble:
    shown = what % {"what": run.get_resource_display()}
    url, link = run.get_absolute_url(), _("To the synchronisation")
    return Trouble(code, tone, shown, run.explanation, todo, since=run.finished_at, url=url, link=link)


def _about_permissions(runs: list[SyncRun]) -> Trouble:
    names = get_text_list([run.get_resource_display() for run in runs], _("and"))
    what = _("The portal lacks permission to read: %(names)s.") % {"names": names}
    means = _("These figures stay as they were when they could last be read. Everything else goes on.")
    todo = _(
        "An administrator grants the permission in Entra, under App registrations. The command “manage.py graph_check” "
        "tells which one is missing."
    )
    said = str(runs[0].reason_data.get("said", ""))
    return Trouble("forbidden", "bad", what, means, todo, since=runs[0].finished_at, said=said)


def _about_writes(health: Health) -> Iterator[Trouble]:
    queue, writes = health.queue, reverse("intune_sync:write_list")
    if queue.aside:
        what = ngettext(
            "%(number)s write was set aside after three tries.",
            "%(number)s writes were set aside after three tries.",
            queue.aside,
        )
        means = _("The computers it is for keep what they had. It holds nothing else up.")
        todo = _("Read why, put it right, and let each in again.")
        link = _("Show what was set aside")
        since = _first(each.finished_at for each in queue.groups if each.aside)
        url = f"{writes}?aside=1"
        yield Trouble("aside", "bad", _counted(what, queue.aside), means, todo, since=since, url=url, link=link)
    if failed := queue.failed - queue.aside:
        what = ngettext("%(number)s write failed.", "%(number)s writes failed.", failed)
        means = _("What was written holds. The computers of the rest keep what they had.")
        todo = _("Read why, open the change and try again what failed, or close it.")
        url, link = f"{writes}?status={Operation.Status.FAILED}&aside=0", _("Show what failed")
        since = _first(each.finished_at for each in queue.groups if each.count > each.aside)
        yield Trouble("failed_writes", "bad", _counted(what, failed), means, todo, since=since, url=url, link=link)
    if queue.awaiting:
        what = ngettext(
            "%(number)s write waits for approval in Intune.",
            "%(number)s writes wait for approval in Intune.",
            queue.awaiting,
        )
        means = _("Intune lets nothing of the kind through before two administrators agree (Multi Admin Approval).")
        todo = ngettext(
            "Another administrator approves it in Intune, under Tenant administration. The portal then goes on by "
            "itself; after %(days)s day it gives up.",
            "Another administrator approves it in Intune, under Tenant administration. The portal then goes on by "
            "itself; after %(days)s days it gives up.",
            settings.APPROVAL_DAYS,
        ) % {"days": settings.APPROVAL_DAYS}
        status = Operation.Status.AWAITING_APPROVAL
        url, link = f"{writes}?status={status}", _("Show what waits")
        since = _first(each.oldest_at for each in queue.groups if each.status == status)
        yield Trouble("approval", "wait", _counted(what, queue.awaiting), means, todo, since=since, url=url, link=link)


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min(filter(None, moments), default=None)


def _counted(sentence: str, count: int) -> str:
    return sentence % {"number": number(count)}


def _about_late(health: Health, workers: Workers) -> Iterator[Trouble]:
    """Only where nothing else tells why."""
    known = {row.code for row in health.resources if row.releasable or (row.last and row.last.reason)}
    late = [row for row in health.late if row.code not in known]
    if not late or workers.gone or not workers.has_broker or health.freshness.down_since:
        return
    names = get_text_list([row.label for row in late], _("and"))
    what = _("Some figures are older than they should be: %(names)s.") % {"names": names}
    means = _("The table below tells what each of them waits for.")
    todo = _("You need not do anything if it is being read now. Otherwise press “Read now”.")
    yield Trouble("late", "warn", what, means, todo, since=min(row.complete_at for row in late if row.complete_at))
