"""What the committee is asked: its seats, proposals, and what people say of them before the meeting."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application, AppVersion, Intent
from deployments.models.baselines import Baseline
from deployments.models.moves import Moves
from deployments.models.profiles import NAMES_OF_CONTAINERS, SoftwareProfile
from deployments.models.requests import AppRequest
from schools.models import Administration, User

CONTAINERS = [
    f"{container}{name.removeprefix('profile')}"
    for container in ("profile", "moved_from")
    for name in NAMES_OF_CONTAINERS
]
"""For `select_related`: all that names a proposal's containers, and those around them."""


class Seat(models.Model):
    """A place in the committee. Quorum asks for each administration; a seat without one speaks for all."""

    name = models.CharField(_("seat"), max_length=100, unique=True)
    administration = models.ForeignKey(
        Administration, on_delete=models.PROTECT, null=True, blank=True, related_name="seats"
    )
    holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="seats")

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: User) -> Self:
        """All for municipality-wide readers; a school's people see what concerns the containers they see."""
        if user.access.reads_all("deployments.view_proposal"):
            return self
        if not user.access.reads("deployments.view_proposal"):
            return self.none()
        return self.filter(profile__in=SoftwareProfile.objects.visible_to(user).order_by())


class Proposal(Moves):
    """One change of the coming term's baseline that somebody wants the committee to decide."""

    class Kind(models.TextChoices):
        ADD = "add", _("Add an application")
        REMOVE = "remove", _("Remove an application")
        REPLACE = "replace", _("Replace an application")
        VERSION = "version", _("Change the version")
        SCOPE = "scope", _("Change who gets it")
        PROFILE = "profile", _("Change the rule of a container")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        TABLED = "tabled", _("Postponed")
        GRANTED = "granted", _("Granted")
        REJECTED = "rejected", _("Rejected")
        RETURNED = "returned", _("Sent back")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "open": frozenset({"tabled", "granted", "rejected", "returned", "withdrawn"}),
        "tabled": frozenset({"granted", "rejected", "returned", "withdrawn", "tabled"}),
        "returned": frozenset({"open", "withdrawn"}),
    }

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="proposals")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="proposals")
    replaces = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("instead of")
    )
    profile = models.ForeignKey(
        SoftwareProfile, on_delete=models.PROTECT, related_name="proposals", verbose_name=_("container")
    )
    moved_from = models.ForeignKey(
        SoftwareProfile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("moved from"),
        help_text=_("The container whose rule moves to the other one."),
    )
    intent = models.CharField(_("intent"), max_length=10, choices=Intent.choices, blank=True)
    version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("reason"), max_length=4000)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    raised_from = models.ForeignKey(
        AppRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="replace", replaces__isnull=False) | ~Q(kind="replace") & Q(replaces=None),
                name="replacement_says_what_goes",
            ),
            models.CheckConstraint(
                condition=Q(kind="remove", intent="") | ~Q(kind="remove") & Q(intent__in=Intent.values),
                name="proposal_intent_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(moved_from=None) | Q(kind="profile") & ~Q(moved_from=F("profile")),
                name="only_a_rule_moves_and_elsewhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.application}"

    def get_absolute_url(self) -> str:
        return reverse("deployments:proposal", args=[self.pk])


class ProposalSupport(models.Model):
    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="supporters")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("support")
        verbose_name_plural = _("support")
        constraints = [models.UniqueConstraint(fields=["proposal", "user"], name="person_supports_a_proposal_once")]

    def __str__(self) -> str:
        return str(self.user)


class ProposalComment(models.Model):
    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("comment"), max_length=2000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:80]


class Stance(models.Model):
    """What a seat thinks of a proposal before the meeting. It is no vote and never counted as one."""

    class Choice(models.TextChoices):
        FOR = "for", _("Leans towards granting it")
        AGAINST = "against", _("Leans towards rejecting it")
        UNSURE = "unsure", _("Not sure yet")

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="stances")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(_("stance"), max_length=8, choices=Choice.choices)
    text = models.CharField(_("in a line"), max_length=300, blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("stance")
        verbose_name_plural = _("stances")
        ordering = ["proposal", "seat__name"]
        constraints = [models.UniqueConstraint(fields=["proposal", "seat"], name="seat_takes_one_stance_on_a_proposal")]

    def __str__(self) -> str:
        return f"{self.seat}: {self.get_choice_display()}"
