"""Where Intune says something else than what is decided, and since when."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.models import AppVersion, ChangeSet, Decision, Proposal
from intune_sync.models.mirror import IntuneApp, IntuneGroup
from intune_sync.models.runs import SyncRun
from intune_sync.models.settings import AssignmentFilter
from schools.models import School, User


class DriftItemQuerySet(models.QuerySet["DriftItem"]):
    def visible_to(self, user: User) -> Self:
        """All for municipality-wide readers; a school's people see those that concern computers of their school."""
        access = user.access
        if access.reads_all("intune_sync.view_drift"):
            return self
        schools = access.school_ids("intune_sync.view_drift")
        concerned = DriftItem.schools.through.objects.filter(driftitem=models.OuterRef("pk"), school__in=schools)
        return self.filter(models.Exists(concerned)) if schools else self.none()

    def open(self) -> Self:
        return self.filter(resolved_at=None)

    def resolved(self) -> Self:
        return self.exclude(resolved_at=None)

    def ignored(self, on: date) -> Self:
        return self.open().filter(ignored_until__gte=on)

    def in_hand(self, on: date) -> Self:
        """Somebody has done something about it that is not through yet: a proposal, or a change that takes it back."""
        return self.open().exclude(ignored_until__gte=on).filter(_is_in_hand())

    def waiting(self, on: date) -> Self:
        """What nobody has seen to; these need an IT administrator."""
        return self.open().exclude(ignored_until__gte=on).exclude(_is_in_hand())

    def for_list(self) -> Self:
        return self.select_related("app", "app_version__application", "group", "filter", "ignored_by", "change_set")


def _is_in_hand() -> Q:
    asked = Proposal.objects.filter(
        drift_items=models.OuterRef("pk"), status__in=[Proposal.Status.OPEN, Proposal.Status.TABLED, "granted"]
    )
    written = Q(status=ChangeSet.Status.APPLIED, applied_at__gt=models.OuterRef("last_seen_at"))  # not read since
    reverting = ChangeSet.objects.filter(~Q(status__in=ChangeSet.ENDED) | written, drift_items=models.OuterRef("pk"))
    return Q(models.Exists(asked)) | Q(models.Exists(reverting))


class DriftItem(models.Model):
    """One difference, from when a mirror run first showed it until one no longer does; then, an episode of its own.

    `before` is what is decided, `after` what Intune has; either may be null (there is none). An assignment is as in
    `intune_sync.drift.compare.Entry`. `reach` says whose computers it is about, as `intune_sync.drift.reach` reads it.
    """

    class Kind(models.TextChoices):
        FOREIGN = "foreign", _("Assigned by somebody else")
        INTENT = "intent", _("Intent changed")
        MISSING = "missing", _("Our assignment taken away")
        NARROWED = "narrowed", _("Filter put on our assignment")
        APP_GONE = "app_gone", _("App deleted")
        APP_REPLACED = "app_replaced", _("App replaced by another of the same name")
        GROUP_GONE = "group_gone", _("Group removed")
        RULE = "rule", _("Membership rule edited")
        MEMBERS = "members", _("Members changed by hand")
        FILTER = "filter", _("Filter changed")

    class Resolution(models.TextChoices):
        GONE = "gone", _("Intune says again what is decided")
        REVERTED = "reverted", _("Taken back by the portal")
        ADOPTED = "adopted", _("Adopted")

    KINDS_OF: ClassVar[dict[str, tuple[str, ...]]] = {
        SyncRun.Resource.APPS: ("foreign", "intent", "missing", "narrowed", "app_gone", "app_replaced"),
        SyncRun.Resource.GROUPS: ("group_gone", "rule", "members"),
        SyncRun.Resource.FILTERS: ("filter",),
    }
    """Which resource, once read, tells of which kinds."""

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=250, help_text=_("The same for the same difference, whenever it is seen."))
    episode = models.PositiveIntegerField(_("time"), default=1)
    since = models.DateTimeField(_("since"), help_text=_("When a reading of Intune first showed it."))
    last_seen_at = models.DateTimeField(_("last seen"))
    resolved_at = models.DateTimeField(_("over"), null=True)
    resolution = models.CharField(_("how it ended"), max_length=10, choices=Resolution.choices, blank=True)

    name = models.CharField(_("what"), max_length=300, help_text=_("The app, group or filter, as it was called then."))
    app = models.ForeignKey(IntuneApp, on_delete=models.PROTECT, null=True, related_name="drift_items")
    app_version = models.ForeignKey(AppVersion, on_delete=models.PROTECT, null=True, related_name="drift_items")
    group = models.ForeignKey(IntuneGroup, on_delete=models.PROTECT, null=True, related_name="drift_items")
    filter = models.ForeignKey(AssignmentFilter, on_delete=models.PROTECT, null=True, related_name="drift_items")
    before = models.JSONField(_("decided"), null=True)
    after = models.JSONField(_("in Intune"), null=True)
    is_decided = models.BooleanField(
        default=False, help_text=_("Intune says what is decided, but it was not the portal that wrote it.")
    )
    reach = models.JSONField(default=dict)
    schools = models.ManyToManyField(School, related_name="drift_items")

    acted_by = models.CharField(
        _("by"), max_length=300, blank=True, help_text=_("Who, or which app, as Intune's audit log has it.")
    )
    acted_at = models.DateTimeField(_("done"), null=True)
    log_read_at = models.DateTimeField(null=True, help_text=_("When the audit log was asked; null: not yet."))

    ignored_until = models.DateField(_("ignored until"), null=True)
    ignored_reason = models.TextField(_("reason"), blank=True)
    ignored_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ignored_at = models.DateTimeField(null=True)

    proposals = models.ManyToManyField(Proposal, related_name="drift_items")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="drift_items")
    adopted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    adopted_at = models.DateTimeField(_("adopted"), null=True)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="drift_items")

    objects = DriftItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("drift item")
        verbose_name_plural = _("drift items")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(resolved_at=None), name="difference_is_open_once"),
            models.UniqueConstraint(fields=["key", "episode"], name="episode_of_a_difference_once"),
            models.CheckConstraint(
                condition=Q(resolved_at=None, resolution="") | Q(resolved_at__isnull=False) & ~Q(resolution=""),
                name="difference_that_is_over_says_how",
            ),
            models.CheckConstraint(
                condition=Q(ignored_until=None, ignored_by=None, ignored_at=None, ignored_reason="")
                | Q(ignored_until__isnull=False, ignored_by__isnull=False, ignored_at__isnull=False)
                & ~Q(ignored_reason=""),
                name="ignoring_has_reason_and_end",
            ),
            models.CheckConstraint(condition=Q(last_seen_at__gte=F("since")), name="seen_since_it_began"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("intune_sync:drift_item", args=[self.pk])


class KnownRule(models.Model):
    """A membership rule or a filter's rule that is taken for right: as it was first seen, or as somebody adopted it."""

    object_id = models.UUIDField(unique=True)
    rule = models.TextField(_("rule"), blank=True)
    since = models.DateTimeField(_("since"))
    adopted_for = models.JSONField(
        null=True, help_text=_("Of a group whose rule is not the container's own: the scope for which it was adopted.")
    )

    class Meta:
        verbose_name = _("known rule")
        verbose_name_plural = _("known rules")

    def __str__(self) -> str:
        return self.rule
