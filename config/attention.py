"""What needs the person who looks: one line each, with where to go. Nothing here needs anybody who may not act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import AppRequest, ChangeSet, Meeting, SoftwareException
from intune_sync.models import SyncRun, UnmatchedRecord
from schools.models import User
from schools.status import look
from schools.templatetags.face import number

TROUBLED = (SyncRun.Status.FAILED, SyncRun.Status.UNSAFE, SyncRun.Status.ABANDONED)

MANY = 3
"""So many lists that could not be read are told as one thing."""


@dataclass(frozen=True)
class Item:
    """`tone` and `icon` as in `schools.status.Look`; `moment` is since when."""

    title: str
    text: str
    url: str
    icon: str
    tone: str
    moment: datetime | None = None


def latest_runs(user: User) -> QuerySet[SyncRun]:
    """The last finished run of each resource, each with `unmatched`, the number of records tied to no computer."""
    unmatched = UnmatchedRecord.objects.order_by().annotate(all=Value(1)).values("all")
    count = Subquery(unmatched.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    return (
        SyncRun.objects.visible_to(user)
        .filter(finished_at__isnull=False)
        .exclude(status=SyncRun.Status.SKIPPED_BUSY)
        .annotate(unmatched=Coalesce(count, 0))
        .order_by("resource", "-finished_at")
        .distinct("resource")
    )


def about_changes(changes: Iterable[ChangeSet], user: User) -> Iterator[Item]:
    may_approve = user.has_perm("deployments.approve_changeset")
    may_apply = user.has_perm("deployments.apply_changeset")
    for change in changes:
        shape = look(change.status)
        if change.status == ChangeSet.Status.PLANNED and may_approve and change.requested_by_id != user.pk:
            title = _("%(change)s waits for your approval") % {"change": change}
            text = _("%(person)s asks for it: %(revision)s.") % {
                "person": change.requested_by,
                "revision": change.revision,
            }
            yield Item(title, text, change.get_absolute_url(), shape.icon, "wait", change.planned_at)
        elif change.status == ChangeSet.Status.APPROVED and may_apply and _waits_for_another(change, user):
            title = _("%(change)s asks to be written at once") % {"change": change}
            text = _("Size or calendar is against it; two people let it through.")
            yield Item(title, text, change.get_absolute_url(), "send", "warn")
        elif change.status == ChangeSet.Status.APPROVED and may_apply:
            title = _("%(change)s is approved and can be written to Intune") % {"change": change}
            text = str(change.revision)
            yield Item(title, text, change.get_absolute_url(), shape.icon, shape.tone, change.approved_at)
        elif change.status == ChangeSet.Status.FAILED:
            title = _("%(change)s could not be written completely") % {"change": change}
            text = _("What was written holds. Open it to see what is left, and try again.")
            yield Item(title, text, change.get_absolute_url(), shape.icon, shape.tone, change.started_at)


def _waits_for_another(change: ChangeSet, user: User) -> bool:
    """Somebody else asks that it may be written at once (as `with_rollouts` reads it)."""
    return vars(change).get("asked_at_once_by") not in (None, user.pk)


def about_requests(requests: Sequence[AppRequest], now: datetime) -> Iterator[Item]:
    """What schools have asked for and this person is to decide or try."""
    for request in requests:
        words = {"application": request, "school": request.school}
        shape = look(request.status)
        if request.status == AppRequest.Status.PILOT:
            title = _("Try %(application)s on two computers") % words
            text = _("Press “It works” when you have; then the rest follow.")
        else:
            title = _("%(school)s asks for %(application)s") % words
            text = request.purpose[:160]
        tone = "warn" if request.is_late(now) else "wait"
        yield Item(title, text, request.get_absolute_url(), shape.icon, tone, request.created_at)


def about_reviews(count: int) -> Iterator[Item]:
    if count:
        text = ngettext("%(number)s request waits for IT", "%(number)s requests wait for IT", count)
        url = reverse("deployments:request_review")
        shown = _("Something is left to see to, or the school's time is over.")
        yield Item(text % {"number": number(count)}, shown, url, look("review").icon, "wait")


def about_drift(count: int) -> Iterator[Item]:
    if count:
        text = ngettext(
            "%(number)s thing in Intune is not as decided", "%(number)s things in Intune are not as decided", count
        )
        shown = _("Somebody has changed it there. Adopt it, take it back, or ignore it for a while.")
        yield Item(text % {"number": number(count)}, shown, reverse("intune_sync:drift_list"), "arrows-diff", "warn")


def about_exceptions(rows: Sequence[SoftwareException]) -> Iterator[Item]:
    """Exceptions, and renewals of some, that this person is to decide about."""
    for row in rows:
        title = _("%(place)s: %(application)s, an exception") % {"place": row.place, "application": row.application}
        yield Item(title, row.reason[:160], row.get_absolute_url(), look("asked").icon, "wait", row.asked_at)


def about_waiting_exceptions(count: int) -> Iterator[Item]:
    if count:
        text = ngettext("%(number)s exception waits for IT", "%(number)s exceptions wait for IT", count)
        url = reverse("deployments:exception_list")
        shown = _("IT decides, or the school is late.")
        yield Item(text % {"number": number(count)}, shown, url, look("asked").icon, "wait")


def about_meetings(meetings: Iterable[Meeting]) -> Iterator[Item]:
    """What the committee's meetings ask of a person who may go to them."""
    for meeting in meetings:
        shape = look(meeting.status)
        words = {
            "semester": meeting.baseline,
            "when": formats.date_format(timezone.localtime(meeting.starts_at), "DATETIME_FORMAT"),
        }
        if meeting.status == Meeting.Status.CLOSED:
            title = _("Sign the minutes of the meeting about %(semester)s") % words
            text = _("Two of those present sign them; the secretary may not. Read them first.")
        elif meeting.status == Meeting.Status.OPEN:
            title, text = (
                _("The meeting about %(semester)s is under way") % words,
                _("Item by item, with votes and outcome."),
            )
        else:
            title = _("The meeting about %(semester)s is on %(when)s") % words
            text = _("Read the agenda, and support or comment on the proposals before it.")
        yield Item(title, text, meeting.get_absolute_url(), shape.icon, shape.tone)


def about_synchronisation(runs: Iterable[SyncRun]) -> Iterator[Item]:
    unmatched, unread = 0, []
    for run in runs:
        unmatched = run.unmatched  # type: ignore[attr-defined]
        if run.status == SyncRun.Status.UNSAFE:
            yield _trouble(run)
        elif run.status in TROUBLED:
            unread.append(run)
    yield from map(_trouble, unread) if len(unread) < MANY else _many_troubles(unread)
    if unmatched:
        text = ngettext(
            "%(number)s record in Intune fits no computer",
            "%(number)s records in Intune fit no computer",
            unmatched,
        )
        title = text % {"number": number(unmatched)}
        url = reverse("intune_sync:unmatched_list")
        yield Item(title, _("Each is listed with the reason."), url, "help-circle", "warn")


def _many_troubles(runs: Sequence[SyncRun]) -> Iterator[Item]:
    """They have one cause, most likely, which the page of synchronisation tells."""
    since = min(run.finished_at for run in runs if run.finished_at)
    title = _("Much could not be read from Intune: %(number)s of its lists") % {"number": number(len(runs))}
    shape, url = look(SyncRun.Status.FAILED), reverse("intune_sync:health")
    yield Item(title, _("The page of synchronisation tells why, and what to do."), url, shape.icon, shape.tone, since)


def _trouble(run: SyncRun) -> Item:
    url = reverse("intune_sync:sync_run", args=[run.pk])
    shape = look(run.status)
    what = {"what": run.get_resource_display()}
    if run.status == SyncRun.Status.UNSAFE:
        title = _("“%(what)s” was stopped because the answer looked wrong") % what
        text = _("Nothing was changed. Look at the figures, and let it through if they are right.")
    else:
        title = _("“%(what)s” could not be read from Intune") % what
        text = _("What you see is from the last time it could. It is tried again by itself.")
    return Item(title, text, url, shape.icon, shape.tone, run.finished_at)
