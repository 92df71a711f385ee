"""The semester committee: meetings, votes, minutes, delegations and decisions."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deployments.models.applications import Application
from deployments.models.baselines import Baseline, BaselineRevision
from deployments.models.exceptions import SoftwareException
from deployments.models.moves import Moves
from deployments.models.proposals import Proposal, Seat
from deployments.models.requests import AppRequest
from schools.models import Administration, School, User


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, user: User) -> Self:
        return self if user.access.reads("deployments.view_meeting") else self.none()


class Meeting(Moves):
    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        OPEN = "open", _("Under way")
        CLOSED = "closed", _("Closed, minutes to be signed")
        SIGNED = "signed", _("Minutes signed")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "planned": frozenset({"open"}),
        "open": frozenset({"closed"}),
        "closed": frozenset({"signed"}),
    }

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="meetings")
    starts_at = models.DateTimeField(_("starts"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.PLANNED)
    chair = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("chair"))
    secretary = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("secretary")
    )
    registration_number = models.CharField(_("registration number"), max_length=50, blank=True)
    secrecy = models.CharField(
        _("secrecy"), max_length=200, blank=True, help_text=_("Legal ground, when there is any.")
    )
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    present = models.ManyToManyField(Seat, related_name="+", blank=True)
    revision = models.OneToOneField(BaselineRevision, on_delete=models.PROTECT, null=True, related_name="meeting")
    minutes = models.JSONField(
        _("minutes"), default=dict, editable=False, help_text=_("Their text, as it was when the meeting closed.")
    )
    minutes_hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["baseline"], condition=Q(status="open"), name="one_open_meeting_per_baseline"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["closed", "signed"]) | Q(closed_at__isnull=False),
                name="closed_meeting_knows_when",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["closed", "signed"]) | ~Q(minutes_hash=""), name="closed_meeting_has_minutes"
            ),
            models.CheckConstraint(
                condition=Q(status="planned") | Q(chair__isnull=False, secretary__isnull=False),
                name="held_meeting_has_chair_and_secretary",
            ),
        ]

    def __str__(self) -> str:
        return _("Meeting %(date)s") % {"date": self.starts_at.date().isoformat()}

    def get_absolute_url(self) -> str:
        return reverse("deployments:meeting", args=[self.pk])


class AgendaItem(models.Model):
    """A numbered item. `edition` rises with every edit, so that people who write at once never overwrite each other."""

    class Kind(models.TextChoices):
        PROPOSAL = "proposal", _("Proposal")
        REQUEST = "request", _("Request for a municipality-wide answer")
        CONCERN = "concern", _("Application to look at")
        INFORMATION = "information", _("For information")

    class Outcome(models.TextChoices):
        """The words of the minutes: Bifall, Avslag, Återremiss, Bordläggning."""

        GRANTED = "granted", pgettext_lazy("outcome", "Granted")
        REJECTED = "rejected", pgettext_lazy("outcome", "Rejected")
        RETURNED = "returned", pgettext_lazy("outcome", "Sent back for more facts")
        TABLED = "tabled", pgettext_lazy("outcome", "Postponed")
        NOTED = "noted", pgettext_lazy("outcome", "Noted")

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveSmallIntegerField(_("item"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("facts"), blank=True)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, related_name="agenda_items")
    request = models.ForeignKey(AppRequest, on_delete=models.PROTECT, null=True, related_name="agenda_items")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(_("discussion"), blank=True, max_length=10000)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    edition = models.PositiveIntegerField(default=0, editable=False)
    added_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        help_text=_("Who wrote the item; nobody for those that came onto the agenda by themselves."),
    )

    class Meta:
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        ordering = ["meeting", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "number"], name="agenda_number_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(
                fields=["meeting", "proposal"], condition=Q(proposal__isnull=False), name="proposal_once_per_meeting"
            ),
            models.UniqueConstraint(
                fields=["meeting", "request"], condition=Q(request__isnull=False), name="request_once_per_meeting"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at=None) | ~Q(outcome="") & Q(decided_at__isnull=False),
                name="outcome_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"


class Vote(models.Model):
    """What a seat said on an item; a reservation is written into the minutes."""

    class Choice(models.TextChoices):
        FOR = "for", _("For")
        AGAINST = "against", _("Against")
        ABSTAINS = "abstains", _("Abstains")

    item = models.ForeignKey(AgendaItem, on_delete=models.CASCADE, related_name="votes")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(_("vote"), max_length=8, choices=Choice.choices)
    reservation = models.TextField(_("reservation"), blank=True, max_length=2000)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        ordering = ["item", "seat__name"]
        constraints = [models.UniqueConstraint(fields=["item", "seat"], name="seat_votes_once_per_item")]

    def __str__(self) -> str:
        return f"{self.seat}: {self.get_choice_display()}"


class SignOff(models.Model):
    """One of the two who adjust the minutes, for exactly the minutes with this hash."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="sign_offs")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    minutes_hash = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("sign-off")
        verbose_name_plural = _("sign-offs")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="person_signs_minutes_once")]

    def __str__(self) -> str:
        return str(self.user)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def visible_to(self, user: User) -> Self:
        """All for the committee's readers; one's own for whoever holds it."""
        return self if user.access.reads("deployments.view_meeting") else self.filter(user=user)

    def holding(self, on: date) -> Self:
        return self.filter(starts_on__lte=on, ends_on__gte=on)


class Delegation(models.Model):
    """Who may decide between meetings, and for which schools (none named: all)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations")
    administration = models.ForeignKey(
        Administration, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = models.CharField(_("what may be decided"), max_length=200)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ["-starts_on"]
        constraints = [models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="delegation_ends_later")]

    def __str__(self) -> str:
        return f"{self.user}: {self.text}"


class Decision(models.Model):
    """Why a baseline entry is there: by the committee, by delegation between meetings, by a school's approval,
    or as an exception with a last day."""

    class Kind(models.TextChoices):
        MEETING = "meeting", _("Committee's decision")
        DELEGATED = "delegated", _("Decision by delegation")
        REQUEST = "request", _("School's decision")
        EXCEPTION = "exception", _("Exception")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    text = models.CharField(_("decision"), max_length=300)
    reason = models.TextField(_("reason"), blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"))
    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, null=True, related_name="decision")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, related_name="decisions")
    request = models.ForeignKey(AppRequest, on_delete=models.PROTECT, null=True, related_name="decisions")
    delegation = models.ForeignKey(Delegation, on_delete=models.PROTECT, null=True, related_name="decisions")
    exception = models.OneToOneField(SoftwareException, on_delete=models.PROTECT, null=True, related_name="decision")
    school = models.ForeignKey(School, on_delete=models.PROTECT, null=True, related_name="+")
    noted_at = models.ForeignKey(
        AgendaItem,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("The information item on the agenda of the meeting after it."),
    )

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-decided_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="meeting", item__isnull=False)
                | Q(kind="delegated", delegation__isnull=False, decided_by__isnull=False)
                | Q(kind="request", request__isnull=False, decided_by__isnull=False)
                | Q(kind="exception", exception__isnull=False, decided_by__isnull=False),
                name="decision_has_its_ground",
            )
        ]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return reverse("deployments:decision", args=[self.pk])
