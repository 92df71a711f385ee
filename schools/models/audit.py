"""The audit trail: who did what to what, before and after, why and from where. Append-only by a database trigger."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from schools.models.organisation import School
from schools.models.people import User


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, user: User) -> Self:
        """Municipality-wide readers see all; school roles see what concerned their school."""
        return self.filter(user.access.schools_q("schools.view_auditevent", "school_id"))

    def about(self, object_type: str, object_id: object) -> Self:
        return self.filter(object_type=object_type, object_id=str(object_id))


class AuditEvent(models.Model):
    """One act. Written by `schools.audit.record` alone, in the transaction of the act itself."""

    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    act = models.CharField(_("act"), max_length=60, help_text=_("Room and verb, for example changeset.approved."))
    object_type = models.CharField(_("object"), max_length=60)
    object_id = models.CharField(max_length=60)
    object_label = models.CharField(max_length=200)
    school = models.ForeignKey(School, on_delete=models.PROTECT, null=True, related_name="+")
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    reason = models.TextField(_("reason"), blank=True)
    origin = models.CharField(
        _("from where"), max_length=100, help_text=_("web, api, command or worker, with address.")
    )
    previous_hash = models.CharField(max_length=64, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_of_object"),  # an object's timeline
            models.Index(fields=["school", "-id"], name="audit_of_school"),  # what a school's people see
            models.Index(fields=["actor", "-id"], name="audit_of_actor"),  # filter by person
            BrinIndex(fields=["at"], name="audit_at"),  # filter by period
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.object_label}"
