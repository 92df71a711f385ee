"""The overview: what needs you, what is under way, how things are. It reads only what the person's roles reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.attention import (
    Item,
    about_changes,
    about_drift,
    about_exceptions,
    about_meetings,
    about_requests,
    about_reviews,
    about_synchronisation,
    about_waiting_exceptions,
    latest_runs,
)
from config.context import read_snapshot
from config.fleet_state import Figure, Share, builds, figures, shares
from config.rollouts_under_way import RolloutUnderWay, about_rollouts, of_rollouts, under_way, with_rollouts
from deployments.committee.waiting import meetings_waiting_for
from deployments.exceptions.queue import waiting_for as exceptions_for
from deployments.models import BaselineRevision, ChangeSet
from deployments.queries import Progress, progress
from deployments.requests.queue import waiting_for
from fleet.models import Condition, Device
from fleet.queries import Fleet, summarise
from intune_sync.models import SyncRun
from schools.charts import Chart
from schools.models import School, User
from schools.templatetags.face import number

RECENT = timedelta(days=7)
"""So long a change that is written still stands under what is under way, while computers install."""


@dataclass(frozen=True)
class UnderWay:
    """A change between proposal and the last computer. `devices` is there for the newest that is being carried out."""

    change: ChangeSet
    devices: Progress | None


@dataclass(frozen=True)
class Overview:
    """What the template shows; a part that the person's roles do not reach is None. `schools`: where roles are held."""

    items: Sequence[Item] | None = None
    under_way: Sequence[UnderWay] | None = None
    rollouts: Sequence[RolloutUnderWay] = ()
    fleet: Fleet | None = None
    figures: Sequence[Figure] = ()
    shares: Sequence[Share] = ()
    chart_title: str = ""
    chart: Chart | None = None
    revision: BaselineRevision | None = None
    reads_baseline: bool = False
    is_first_time: bool = False
    schools: Sequence[School] = ()
    sentences: Sequence[str] = field(default_factory=list)


def overview_for(user: User, now: datetime) -> Overview:
    """At most six queries beside what every page reads."""
    return replace(_of_role(user, now), schools=_own_schools(user))


def _own_schools(user: User) -> Sequence[School]:
    """The way to one's own school, and between several; their names came with the roles."""
    held = user.access.school_ids("schools.view_school")
    return sorted((School(pk=key, name=user.access.names[key]) for key in held), key=lambda school: school.name)


def _of_role(user: User, now: datetime) -> Overview:
    if user.access.reads("fleet.view_device"):
        return _for_fleet(user, now)
    if user.access.reads("deployments.view_baseline"):
        return _for_readers(user, now)
    return Overview()


def _for_fleet(user: User, now: datetime) -> Overview:
    fleet = summarise(Device.objects.visible_to(user), now)
    changes = list(with_rollouts(_open_or_recent(user, now), user))
    rollouts = of_rollouts(changes, user)
    others = [each for each in changes if each not in rollouts or each.status == ChangeSet.Status.FAILED]
    runs = list(latest_runs(user)) if user.access.reads("intune_sync.view_syncrun") else []
    asked = _asked(user, now)
    items = [*about_rollouts(rollouts, user), *asked, *about_changes(others, user)]
    items += [*_differing(user), *about_synchronisation(runs)]
    chart_title, chart = builds(fleet) or ("", None)
    return Overview(
        items=items,
        under_way=_under_way(others, items, user),
        rollouts=under_way(rollouts),
        fleet=fleet,
        figures=figures(fleet),
        shares=shares(fleet),
        chart_title=chart_title,
        chart=chart,
        is_first_time=_is_first_time(fleet, runs, user),
        sentences=_sentences(fleet, items),
    )


def _asked(user: User, now: datetime) -> list[Item]:
    """What schools ask this person to decide. IT's are counted with the rest of the frame, without a query."""
    if user.has_perm("deployments.review_apprequest"):
        snapshot = read_snapshot()
        return [*about_reviews(snapshot.reviews), *about_waiting_exceptions(snapshot.exceptions)]
    if not user.has_perm("deployments.decide_apprequest"):
        return []
    return [*about_requests(waiting_for(user, now), now), *about_exceptions(exceptions_for(user, now))]


def _differing(user: User) -> list[Item]:
    """What in Intune is not as decided, counted with the rest of the frame, without a query."""
    return list(about_drift(read_snapshot().drift)) if user.has_perm("intune_sync.handle_drift") else []


def _for_readers(user: User, now: datetime) -> Overview:
    active = BaselineRevision.objects.visible_to(user).active().select_related("baseline__semester")
    added = Q(entries__action="add")
    revision = active.annotate(applications=Count("entries__application", filter=added, distinct=True)).first()
    goes_to_meetings = user.has_perm("deployments.run_meeting")
    items = list(about_meetings(meetings_waiting_for(user))) if goes_to_meetings else None
    if user.has_perm("deployments.make_apprequest"):
        items = [*(items or []), *about_requests(waiting_for(user, now), now)]
    return Overview(revision=revision, reads_baseline=True, items=items)


def _open_or_recent(user: User, now: datetime) -> QuerySet[ChangeSet]:
    recent = Q(status=ChangeSet.Status.APPLIED, applied_at__gt=now - RECENT)
    return (
        ChangeSet.objects.visible_to(user)
        .filter(~Q(status__in=ChangeSet.ENDED) | recent)
        .select_related("revision__baseline__semester", "requested_by")
        .order_by("-id")
    )


def _under_way(changes: Sequence[ChangeSet], items: Sequence[Item], user: User) -> list[UnderWay]:
    """What is proposed and waits for somebody else, or is being carried out; drafts are not on their way.

    Only the newest change that reached Intune is followed to the computers, which costs a query.
    """
    started = next((change for change in changes if change.started_at), None)
    needed = {item.url for item in items}
    return [
        UnderWay(change, progress(change, user) if change is started else None)
        for change in changes
        if change.started_at or (change.status != ChangeSet.Status.DRAFT and change.get_absolute_url() not in needed)
    ]


def _is_first_time(fleet: Fleet, runs: Sequence[SyncRun], user: User) -> bool:
    return not fleet.total and not runs and user.access.reads_all("fleet.view_device")


def _sentences(fleet: Fleet, items: Sequence[Item]) -> list[str]:
    """Is anything wrong? First what needs the person, then the fleet."""
    needs = ngettext("%(number)s thing needs you.", "%(number)s things need you.", len(items))
    first = needs % {"number": number(len(items))} if items else _("Nothing needs you right now.")
    if not fleet.total:
        return [first]
    second = _("%(number)s of %(total)s computers are in order.") % {
        "number": number(fleet.count(Condition.IN_ORDER)),
        "total": number(fleet.total),
    }
    return [first, second]
