"""What is told about the committee's work: comments, calls to meetings, decisions, minutes to sign."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import Baseline, Decision, Meeting, Proposal, ProposalComment
from schools.access import COMMITTEE, IT_ADMIN
from schools.models import User
from schools.notifications.kinds import register
from schools.services.notify import holders_of, tell


def tell_commented(comment: ProposalComment) -> None:
    """Whoever made the proposal."""
    proposal = comment.proposal
    if proposal.proposed_by_id == comment.author_id:
        return
    tell(
        [proposal.proposed_by],
        "proposal.commented",
        episode=f"proposal:{proposal.pk}:comment:{comment.pk}",
        url=proposal.get_absolute_url(),
        data={**_named(proposal), "who": str(comment.author)},
    )


def tell_called(meeting: Meeting, by: User) -> None:
    """All who hold a seat, and the committee's readers in IT."""
    people = holders_of(COMMITTEE, IT_ADMIN) | User.objects.filter(seats__isnull=False)
    _tell_of_start(meeting, people.exclude(pk=by.pk), "called")


def tell_decided(proposal: Proposal, by: User) -> None:
    """Whoever made the proposal."""
    if proposal.proposed_by_id != by.pk:
        tell(
            [proposal.proposed_by],
            f"proposal.{proposal.status}",
            episode=f"proposal:{proposal.pk}:{proposal.status}:{timezone.now():%Y%m%d%H%M%S}",
            url=proposal.get_absolute_url(),
            data=_named(proposal),
        )


def tell_minutes_to_sign(meeting: Meeting) -> None:
    """Everybody who was present but the secretary: two of them have to sign."""
    people = User.objects.filter(seats__in=meeting.present.all()).exclude(pk=meeting.secretary_id or 0).distinct()
    tell(
        people,
        "minutes.to_sign",
        episode=f"meeting:{meeting.pk}:{meeting.minutes_hash[:16]}",
        url=meeting.get_absolute_url(),
        data={"meeting": str(meeting.baseline)},
        urgent=True,
    )


def tell_delegated(decision: Decision, by: User) -> None:
    """The committee and IT, when somebody decided between the meetings."""
    tell(
        holders_of(COMMITTEE, IT_ADMIN).exclude(pk=by.pk),
        "decision.delegated",
        episode=f"decision:{decision.pk}",
        url=decision.get_absolute_url(),
        data={"decision": decision.text, "who": str(by)},
    )


def tell_date(baseline: Baseline, kind: str) -> None:
    """`kind` proposals.open or proposals.closing: the committee and IT."""
    semester = baseline.semester
    tell(
        holders_of(COMMITTEE, IT_ADMIN),
        kind,
        episode=f"baseline:{baseline.pk}:{kind}:{semester.freeze_on}",
        url=reverse("deployments:proposal_list"),
        data={"semester": str(semester), "day": semester.freeze_on.isoformat() if semester.freeze_on else ""},
    )


def tell_tomorrow(meeting: Meeting) -> None:
    """Those who hold a seat, and those who keep the minutes."""
    people = User.objects.filter(Q(seats__isnull=False) | Q(pk__in=[meeting.chair_id or 0, meeting.secretary_id or 0]))
    _tell_of_start(meeting, people, "tomorrow")


def _tell_of_start(meeting: Meeting, people: QuerySet[User], what: str) -> None:
    """Once for each time that it is set to."""
    tell(
        people.distinct(),
        f"meeting.{what}",
        episode=f"meeting:{meeting.pk}:{what}:{meeting.starts_at.isoformat(timespec='minutes')}",
        url=meeting.get_absolute_url(),
        data={"meeting": str(meeting.baseline), "at": meeting.starts_at.isoformat(), "place": meeting.place},
    )


def _with_day(data: dict[str, Any]) -> dict[str, Any]:
    day = parse_date(str(data.get("day") or ""))
    return {**data, "day": formats.date_format(day) if day else ""}


def _open_body(data: dict[str, Any]) -> str:
    if data.get("day"):
        return _("Make and support proposals until %(day)s. Then they are frozen before the meeting.") % _with_day(data)
    return _("Make and support proposals for the term now.")


def _named(proposal: Proposal) -> dict[str, str]:
    return {"kind": proposal.kind, "application": proposal.application.name}


def _about(data: dict[str, Any]) -> str:
    kind = dict(Proposal.Kind.choices).get(data["kind"], data["kind"])
    return _("It is about the proposal “%(kind)s: %(application)s”.") % {**data, "kind": kind}


def _called_body(data: dict[str, Any]) -> str:
    moment = parse_datetime(str(data["at"]))
    when = formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else str(data["at"])
    said = {**data, "when": when}
    if data.get("place"):
        return _("It starts on %(when)s, in %(place)s. The agenda is in the portal.") % said
    return _("It starts on %(when)s. The agenda is in the portal.") % said


register(
    "proposal.commented",
    lambda data: _("%(who)s has commented on your proposal") % data,
    _about,
    label=gettext_lazy("A comment on a proposal of yours"),
)
register(
    "meeting.called",
    lambda data: _("You are called to the meeting about %(meeting)s") % data,
    _called_body,
    label=gettext_lazy("A call to the committee's meeting"),
)
for code, subject, label in (
    ("granted", gettext_lazy("Your proposal is granted"), gettext_lazy("A proposal of yours is granted")),
    ("rejected", gettext_lazy("Your proposal is rejected"), gettext_lazy("A proposal of yours is rejected")),
    ("returned", gettext_lazy("Your proposal is sent back for more facts"), gettext_lazy("A proposal is sent back")),
    ("tabled", gettext_lazy("Your proposal is postponed"), gettext_lazy("A proposal of yours is postponed")),
):
    register(
        f"proposal.{code}",
        lambda data, subject=subject: str(subject),  # type: ignore[misc]
        _about,
        label=label,
    )
register(
    "proposals.open",
    lambda data: _("Proposals for %(semester)s are open") % data,
    _open_body,
    label=gettext_lazy("Proposals for a semester open"),
)
register(
    "proposals.closing",
    lambda data: _("Proposals for %(semester)s close on %(day)s") % _with_day(data),
    lambda data: _("After that no proposal can be made before the meeting."),
    label=gettext_lazy("Proposals for a semester close soon"),
)
register(
    "meeting.tomorrow",
    lambda data: _("Tomorrow is the meeting about %(meeting)s") % data,
    _called_body,
    label=gettext_lazy("The committee meets tomorrow"),
)
register(
    "minutes.to_sign",
    lambda data: _("The minutes of the meeting about %(meeting)s are ready to be signed") % data,
    lambda data: _("Two of those present sign them; the secretary may not. Read them first."),
    label=gettext_lazy("Minutes to be signed"),
)
register(
    "decision.delegated",
    lambda data: _("%(who)s has decided by delegation") % data,
    lambda data: _("The decision: %(decision)s. It stands on the next agenda.") % data,
    label=gettext_lazy("A decision by delegation"),
)
