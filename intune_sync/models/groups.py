"""What the portal last made sure of in a group that it keeps."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deployments.models import SoftwareProfile


class KeptGroup(models.Model):
    """A class group's or a computer's group in Entra; its id is on the owner, where targets look for it.

    `members_digest` covers the computers that belonged in it when Entra was last read and agreed.
    """

    profile = models.OneToOneField(SoftwareProfile, on_delete=models.PROTECT, related_name="kept_group")
    created_at = models.DateTimeField(_("created"))
    verified_at = models.DateTimeField(_("confirmed"), null=True)
    members_digest = models.CharField(max_length=64, blank=True)
    member_count = models.PositiveIntegerField(_("members"), default=0)

    class Meta:
        verbose_name = _("group kept by the portal")
        verbose_name_plural = _("groups kept by the portal")

    def __str__(self) -> str:
        return str(self.profile)
