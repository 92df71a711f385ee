"""What the portal last made sure of in a group that it keeps."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deployments.models import RingGroup, SoftwareProfile


class KeptGroup(models.Model):
    """A group in Entra of a class group, a computer, or a ring of a roll-out; its id is on the owner, where targets
    look for it.

    `members_digest` covers the computers that belonged in it when Entra was last read and agreed.
    """

    profile = models.OneToOneField(SoftwareProfile, on_delete=models.PROTECT, null=True, related_name="kept_group")
    ring_group = models.OneToOneField(RingGroup, on_delete=models.PROTECT, null=True, related_name="kept_group")
    created_at = models.DateTimeField(_("created"))
    verified_at = models.DateTimeField(_("confirmed"), null=True)
    members_digest = models.CharField(max_length=64, blank=True)
    member_count = models.PositiveIntegerField(_("members"), default=0)

    class Meta:
        verbose_name = _("group kept by the portal")
        verbose_name_plural = _("groups kept by the portal")
        constraints = [
            models.CheckConstraint(condition=Q(profile=None) ^ Q(ring_group=None), name="kept_group_has_one_owner")
        ]

    def __str__(self) -> str:
        return str(self.profile or self.ring_group)
