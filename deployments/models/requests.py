"""A school's wish for an application, from the first word to the last computer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models.applications import Application
from deployments.models.changes import ChangeSet
from deployments.models.moves import Moves
from fleet.models import Device
from schools.models import ClassGroup, School, User


class AppRequestQuerySet(models.QuerySet["AppRequest"]):
    def visible_to(self, user: User) -> Self:
        """A school's requests for that school's people; a draft for whoever writes it alone."""
        mine = self.filter(user.access.schools_q("deployments.view_apprequest", "school_id"))
        return mine.filter(~Q(status=AppRequest.Status.DRAFT) | Q(requested_by=user))

    def wanted_too_by(self, user: User) -> Self:
        """Sent requests of other schools that the person's schools support ("jag med")."""
        supported = RequestSupport.objects.filter(school__in=list(user.access.at))
        return self.filter(pk__in=supported.values("request")).exclude(status=AppRequest.Status.DRAFT)

    def for_list(self) -> Self:
        return self.select_related("school", "class_group", "application", "requested_by")

    def open(self) -> Self:
        return self.exclude(status__in=AppRequest.ENDED)


class AppRequest(Moves):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHOOL = "school", _("With the school's approver")
        REVIEW = "review", _("IT review")
        COMMITTEE = "committee", _("With the committee")
        PLANNED = "planned", _("Planned")
        PILOT = "pilot", _("Being tried on two computers")
        INSTALLING = "installing", _("Installing")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MERGED = "merged", _("Merged with another request")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        "draft": frozenset({"school", "withdrawn"}),
        "school": frozenset({"review", "planned", "refused", "withdrawn", "merged"}),
        "review": frozenset({"planned", "committee", "refused", "withdrawn", "merged"}),
        "committee": frozenset({"review", "planned", "refused", "withdrawn", "merged"}),
        "planned": frozenset({"pilot", "installing", "refused", "withdrawn"}),
        "pilot": frozenset({"installing", "refused", "withdrawn"}),
        "installing": frozenset({"done", "refused", "withdrawn"}),
        "merged": frozenset({"review", "installing"}),
    }
    ENDED: ClassVar[list[str]] = ["done", "refused", "withdrawn", "merged"]
    GRANTED: ClassVar[list[str]] = ["planned", "pilot", "installing", "done"]

    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="app_requests", verbose_name=_("school"))
    class_group = models.ForeignKey(
        ClassGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("class group")
    )
    application = models.ForeignKey(
        Application,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name=_("application"),
    )
    wanted = models.CharField(
        _("another application"), max_length=200, blank=True, help_text=_("Its name, when it is not in the catalogue.")
    )
    purpose = models.TextField(_("teaching purpose"), max_length=2000)
    needed_by = models.DateField(_("needed by"))
    responsible_teacher = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("responsible teacher")
    )
    licence_note = models.CharField(_("licence"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(_("decision due"), null=True)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it was refused, withdrawn or not tried first."))
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="requests")
    pilot_devices = models.ManyToManyField(Device, related_name="+", blank=True)

    objects = AppRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="request_approver_is_another"
            ),
            models.CheckConstraint(
                condition=Q(application__isnull=False) | ~Q(wanted=""), name="request_names_an_application"
            ),
            models.CheckConstraint(condition=~Q(status="refused") | ~Q(reason=""), name="refused_request_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(status__in=["planned", "pilot", "installing", "done"])
                | Q(approved_by__isnull=False, application__isnull=False),
                name="planned_request_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False) | ~Q(status="merged") & Q(merged_into=None),
                name="merged_request_says_into_which",
            ),
        ]
        indexes = [models.Index(fields=["school", "status", "-id"], name="requests_of_school")]  # a school's list

    def __str__(self) -> str:
        return str(self.application or self.wanted)

    def get_absolute_url(self) -> str:
        return reverse("deployments:request", args=[self.pk])

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now and self.status not in self.ENDED


class RequestStep(models.Model):
    """A state the request was or is in, for lead times; the last one has no end."""

    request = models.ForeignKey(AppRequest, on_delete=models.CASCADE, related_name="steps")
    status = models.CharField(max_length=10, choices=AppRequest.Status.choices)
    entered_at = models.DateTimeField(_("since"))
    left_at = models.DateTimeField(_("until"), null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True)
    due_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["request"], condition=Q(left_at=None), name="request_is_in_one_step")
        ]

    def __str__(self) -> str:
        return str(self.get_status_display())


class RequestMessage(models.Model):
    """A question, an answer or a remark on a request."""

    request = models.ForeignKey(AppRequest, on_delete=models.CASCADE, related_name="thread")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("text"), max_length=2000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:80]


class RequestSupport(models.Model):
    """Another school that wants the same ("jag med")."""

    request = models.ForeignKey(AppRequest, on_delete=models.CASCADE, related_name="supporters")
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("support")
        verbose_name_plural = _("support")
        constraints = [models.UniqueConstraint(fields=["request", "school"], name="school_supports_a_request_once")]

    def __str__(self) -> str:
        return str(self.school)
