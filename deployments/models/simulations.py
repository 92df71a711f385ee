"""Roll-outs that were only played: what was asked for, and what came out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.changes import ChangeSet
from deployments.models.moves import Moves
from deployments.models.proposals import Proposal
from schools.models import User


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def visible_to(self, user: User) -> Self:
        """Of changes and proposals that the person sees. Every school is in it, so schools' people see none."""
        seen = Q()
        access = user.access
        if access.reads_all("deployments.view_changeset"):
            seen |= Q(change_set__in=ChangeSet.objects.visible_to(user))
        if access.reads_all("deployments.view_proposal"):
            seen |= Q(proposal__in=Proposal.objects.visible_to(user))
        return self.filter(seen) if seen else self.none()

    def left_over(self, before: datetime) -> Self:
        """Whose message was lost, or whose worker died."""
        waiting = Q(status=Simulation.Status.WAITING, asked_at__lt=before)
        return self.filter(waiting | Q(status=Simulation.Status.RUNNING, started_at__lt=before))


class Simulation(Moves):
    """One change or proposal, played with one seed on the fleet as it was then. Nothing in it reaches a computer.

    `digest` covers everything that the answer depends on, so that the same question is answered once. `result` is
    `deployments.rollouts.simulation_result.summary`; its hours count from `starts_at`.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting to be played")
        RUNNING = "running", _("Being played")
        DONE = "done", _("Played")
        FAILED = "failed", _("Could not be played")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "waiting": frozenset({"running"}),
        "running": frozenset({"running", "done", "failed"}),
        "failed": frozenset({"waiting"}),
    }
    KEPT: ClassVar[timedelta] = timedelta(days=30)

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, null=True, blank=True, related_name="simulations")
    change_set = models.ForeignKey(
        ChangeSet, on_delete=models.CASCADE, null=True, blank=True, related_name="simulations"
    )
    seed = models.PositiveIntegerField(_("seed"), default=1, help_text=_("The same seed gives the same answer."))
    status = models.CharField(_("status"), max_length=7, choices=Status.choices, default=Status.WAITING)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    parameters = models.JSONField(_("parameters"), default=dict, editable=False)
    result = models.JSONField(_("result"), default=dict, editable=False)
    starts_at = models.DateTimeField(_("starts"), null=True, editable=False)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked for"))
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = SimulationQuerySet.as_manager()

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(proposal=None) ^ Q(change_set=None), name="simulation_of_a_proposal_or_a_change"
            ),
        ]

    def __str__(self) -> str:
        return _("Simulation %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("deployments:simulation", args=[self.pk])

    @property
    def subject(self) -> Proposal | ChangeSet:
        found = self.proposal or self.change_set
        assert found is not None  # the database holds it
        return found
