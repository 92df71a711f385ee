"""Who is in the groups that the portal aims at: those of containers and of roll-outs' rings."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from intune_sync.models.mirror import IntuneGroup


class GroupMember(models.Model):
    """A computer's directory object in a group of ours; people in groups are never kept."""

    group = models.ForeignKey(IntuneGroup, on_delete=models.CASCADE, related_name="members")
    object_id = models.UUIDField(help_text=_("`fleet.Device.entra_object_id`, where the computer is known."))
    absent_runs = models.PositiveSmallIntegerField(default=0, db_default=0)  # complete answers without it

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints = [models.UniqueConstraint(fields=["group", "object_id"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.group}: {self.object_id}"
