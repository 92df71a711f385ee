"""Roll-outs: an approved change set carried out ring by ring, each ring let through by a gate."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_hex
from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Intent
from deployments.models.changes import AssignmentChange, ChangeSet
from deployments.models.moves import Moves
from fleet.models import Device
from schools.models import CalendarPeriod, School, User


class RolloutQuerySet(models.QuerySet["Rollout"]):
    def visible_to(self, user: User) -> Self:
        """Those whose change the person sees; a school's people see none before it has started."""
        rows = self.filter(change_set__in=ChangeSet.objects.visible_to(user))
        if user.access.reads_all("deployments.view_changeset"):
            return rows
        return rows.exclude(started_at=None)

    def unfinished(self) -> Self:
        """Started, and with rings left to open."""
        return self.filter(status__in=Rollout.UNFINISHED)


class Rollout(Moves):
    """How one change set reaches the computers.

    A *queued* one has been started by a person and waits for its day, or for another with the same app to end. Halting
    and pausing only stop further rings: what is out stays, and a ring that is being written is written. `halt_code`
    and `halt_data` are told in the reader's language by `deployments.rollouts.words`.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Under way")
        PAUSED = "paused", _("Paused")
        HALTED = "halted", _("Stopped by itself")
        DONE = "done", _("Everywhere")
        ABORTED = "aborted", _("Broken off")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    class Strategy(models.TextChoices):
        RINGS = "rings", _("In rings across schools and models")
        PILOT_SCHOOL = "pilot_school", _("A pilot school first")
        ALL_AT_ONCE = "all_at_once", _("All at once")

    class Gate(models.TextChoices):
        AUTOMATIC = "automatic", _("Goes on by itself when the gate is passed")
        BY_HAND = "by_hand", _("Somebody lets each ring through")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "planned": frozenset({"queued", "running", "aborted"}),
        "queued": frozenset({"planned", "running", "aborted"}),
        "running": frozenset({"paused", "halted", "done", "aborted"}),
        "paused": frozenset({"running", "halted", "done", "aborted"}),
        "halted": frozenset({"running", "done", "aborted"}),
        "done": frozenset({"rolled_back"}),
        "aborted": frozenset({"rolled_back", "planned"}),
    }
    UNFINISHED: ClassVar[list[str]] = ["running", "paused", "halted"]
    NOT_STARTED: ClassVar[list[str]] = ["planned", "queued"]

    change_set = models.OneToOneField(ChangeSet, on_delete=models.PROTECT, related_name="rollout")
    status = models.CharField(_("status"), max_length=11, choices=Status.choices, default=Status.PLANNED)
    strategy = models.CharField(_("strategy"), max_length=12, choices=Strategy.choices, default=Strategy.RINGS)
    pilot_school = models.ForeignKey(
        School, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pilot school")
    )
    seed = models.PositiveIntegerField(
        _("seed"), default=1, help_text=_("The same seed draws the same rings; another one draws others.")
    )
    least_per_model = models.PositiveSmallIntegerField(
        _("computers of each model"),
        default=5,
        help_text=_("Each ring holds at least so many computers of every model, as far as there are any."),
    )
    soak_hours = models.PositiveSmallIntegerField(
        _("hours between rings"),
        default=24,
        help_text=_("A ring is watched at least so long after it was written, before the next one opens."),
    )
    min_sample = models.PositiveSmallIntegerField(
        _("fewest reports"),
        default=20,
        validators=[MinValueValidator(1)],
        help_text=_(
            "So many computers of a ring must have reported before it can pass; of a small ring, most of them."
        ),
    )
    least_success = models.FloatField(
        _("least success"),
        default=0.95,
        validators=[MinValueValidator(0.5), MaxValueValidator(1.0)],
        help_text=_("The share of the computers that reported which must have succeeded."),
    )
    gate = models.CharField(_("gate"), max_length=9, choices=Gate.choices, default=Gate.AUTOMATIC)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    starts_in = models.ForeignKey(
        CalendarPeriod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("starts in"),
        help_text=_("Each school's computers begin on the school's own first day of this break, or later."),
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    halted_at = models.DateTimeField(_("stopped"), null=True)
    halt_code = models.CharField(max_length=20, blank=True, editable=False)
    halt_data = models.JSONField(default=dict, editable=False)
    accepted = models.JSONField(
        default=list,
        editable=False,
        help_text=_("Keys of the findings that somebody has looked at and accepted, so that they halt it no more."),
    )
    rollback = models.OneToOneField(
        ChangeSet,
        on_delete=models.PROTECT,
        null=True,
        related_name="rolls_back",
        verbose_name=_("rolled back by"),
        help_text=_("The change that takes it back."),
    )

    objects = RolloutQuerySet.as_manager()

    class Meta:
        verbose_name = _("roll-out")
        verbose_name_plural = _("roll-outs")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(strategy="pilot_school") ^ Q(pilot_school=None), name="pilot_school_where_one_is_first"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["planned", "queued", "aborted"]) | Q(started_at__isnull=False),
                name="under_way_is_started",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(starts_in=None), name="starts_on_a_day_or_in_a_break"
            ),
            models.CheckConstraint(condition=~Q(status="halted") | ~Q(halt_code=""), name="halt_has_a_reason"),
            models.CheckConstraint(
                condition=Q(rollback=None) | ~Q(rollback=F("change_set")), name="rollback_is_another_change"
            ),
        ]

    def __str__(self) -> str:
        return _("Roll-out %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("deployments:rollout", args=[self.pk])

    @property
    def never_began(self) -> bool:
        """Broken off before its start, so that another may be planned in its place."""
        return self.status == self.Status.ABORTED and self.started_at is None

    @property
    def soak(self) -> timedelta:
        return timedelta(hours=self.soak_hours)


class Ring(Moves):
    """One step of a roll-out. `share` is cumulative. The last ring is the final state, without ring groups.

    A *skipped* ring never opened: its computers went on to the next one, and it has no members. One that is *opening*
    goes back to *planned* while nothing of it has been sent and it may not be; one that has *passed* is open again when
    schools come into it that its calendar had held back.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("Not opened yet")
        OPENING = "opening", _("Being written to Intune")
        OPEN = "open", _("Open, being watched")
        PASSED = "passed", _("Passed")
        SKIPPED = "skipped", _("Skipped")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "planned": frozenset({"opening", "skipped"}),
        "opening": frozenset({"open", "passed", "planned"}),
        "open": frozenset({"passed"}),
        "passed": frozenset({"open"}),
    }
    OPENED: ClassVar[list[str]] = ["opening", "open", "passed"]

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="rings")
    number = models.PositiveSmallIntegerField()
    share = models.PositiveSmallIntegerField(_("share"), help_text=_("Percent of all computers, with earlier rings."))
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.PLANNED)
    opened_at = models.DateTimeField(_("opened"), null=True)
    written_at = models.DateTimeField(
        _("written to Intune"), null=True, help_text=_("When its first computers were confirmed in Intune.")
    )
    passed_at = models.DateTimeField(_("passed"), null=True)
    passed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it was skipped or let through by hand."))

    class Meta:
        verbose_name = _("ring")
        verbose_name_plural = _("rings")
        ordering = ["rollout", "number"]
        constraints = [
            models.UniqueConstraint(fields=["rollout", "number"], name="ring_number_once"),
            models.UniqueConstraint(fields=["rollout"], condition=Q(status="opening"), name="one_ring_opens_at_a_time"),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="ring_share_is_a_percentage"),
            models.CheckConstraint(condition=~Q(status="skipped") | ~Q(reason=""), name="skipped_ring_has_a_reason"),
        ]

    def __str__(self) -> str:
        return _("Ring %(number)s") % {"number": self.number}


class RingMember(models.Model):
    """A computer's place in a roll-out.

    `released_at`: when the calendar of its school let it in; only released ones are in the ring's groups.
    `written_at`: when reading back from Intune confirmed its group.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="members")
    ring = models.ForeignKey(Ring, on_delete=models.CASCADE, related_name="members")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="ring_members")
    released_at = models.DateTimeField(_("let in"), null=True)
    written_at = models.DateTimeField(_("written to Intune"), null=True)

    class Meta:
        verbose_name = _("computer in a ring")
        verbose_name_plural = _("computers in rings")
        constraints = [
            models.UniqueConstraint(fields=["rollout", "device"], name="computer_in_one_ring"),
            models.CheckConstraint(
                condition=Q(written_at=None) | Q(released_at__isnull=False), name="only_released_is_written"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device}: {self.ring}"


def random_token() -> str:
    return token_hex(4)


class RingGroup(models.Model):
    """A static Entra group of some computers of a ring; without a ring, of those that have to be named from the start
    until the last ring to keep what they had. Several of a ring where its computers do not all get the same, or where
    one list has to both include and exclude them.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="groups")
    ring = models.ForeignKey(Ring, on_delete=models.CASCADE, null=True, related_name="groups")
    part = models.PositiveSmallIntegerField(default=1)
    entra_group_id = models.UUIDField(null=True, editable=False, help_text=_("Empty until it has been created."))
    token = models.CharField(
        max_length=8,
        blank=True,
        default=random_token,
        editable=False,
        help_text=_("Random part of its name in Entra; empty in groups from before there was one."),
    )
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    class Meta:
        verbose_name = _("group of a ring")
        verbose_name_plural = _("groups of rings")
        constraints = [
            models.UniqueConstraint(fields=["rollout", "ring", "part"], nulls_distinct=False, name="ring_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.rollout}, {self.ring}" if self.ring else str(self.rollout)

    @property
    def mail_nickname(self) -> str:
        """By which it is found again in Entra. A restored backup gives numbers once more: the random part keeps a new
        group apart from one that was made since the backup."""
        return f"terminsklar-ring-{self.pk}-{self.token}".removesuffix("-")


class RingGroupMember(models.Model):
    """A computer that belongs in a ring's group as soon as it is let in; one that keeps what it had, from the start."""

    group = models.ForeignKey(RingGroup, on_delete=models.CASCADE, related_name="members")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="ring_groups")
    confirmed_at = models.DateTimeField(
        _("confirmed"), null=True, help_text=_("When reading back from Entra showed it in the group.")
    )

    class Meta:
        verbose_name = _("computer in a ring’s group")
        verbose_name_plural = _("computers in rings’ groups")
        constraints = [models.UniqueConstraint(fields=["group", "device"], name="computer_once_in_ring_group")]

    def __str__(self) -> str:
        return f"{self.device}: {self.group}"


class RingGroupUse(models.Model):
    """Where a ring's group stands: in the list of one app object, included or excluded with one intent."""

    group = models.ForeignKey(RingGroup, on_delete=models.CASCADE, related_name="uses")
    change = models.ForeignKey(AssignmentChange, on_delete=models.CASCADE, related_name="ring_uses")
    intent = models.CharField(_("intent"), max_length=10, choices=Intent.choices)
    exclude = models.BooleanField(_("excluded"), default=False)

    class Meta:
        verbose_name = _("use of a ring's group")
        verbose_name_plural = _("uses of rings' groups")
        constraints = [models.UniqueConstraint(fields=["group", "change"], name="ring_group_once_in_a_list")]

    def __str__(self) -> str:
        return f"{self.group}: {self.change}"


class GateReading(models.Model):
    """What the gate of a ring saw; a new row whenever the numbers or the verdict changed.

    `waiting` have been let in and have not reported. `low` and `high` bound the failure rate of the whole ring, each
    with 95 per cent certainty. `findings` as `deployments.rollouts.gate.Finding.as_json`.
    """

    class Verdict(models.TextChoices):
        TOO_FEW = "too_few", _("Too few reports yet")
        SOAKING = "soaking", _("Being watched")
        PASS = "pass", _("Passed")
        BELOW = "below", _("Too few succeed")
        HALT = "halt", _("Stop")

    ring = models.ForeignKey(Ring, on_delete=models.CASCADE, related_name="readings")
    read_at = models.DateTimeField(_("read"))
    installed = models.PositiveIntegerField(_("done"))
    failed = models.PositiveIntegerField(_("failed"))
    waiting = models.PositiveIntegerField(_("waiting"))
    low = models.FloatField(_("failure rate at least"))
    high = models.FloatField(_("failure rate at most"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    findings = models.JSONField(_("findings"), default=list)

    class Meta:
        verbose_name = _("reading of a gate")
        verbose_name_plural = _("readings of gates")
        ordering = ["ring", "id"]

    def __str__(self) -> str:
        return f"{self.ring}: {self.get_verdict_display()}"
