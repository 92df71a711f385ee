"""What people want done to computers from afar: asked for by one person, with a reason, before anything is sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deployments.models.moves import Moves
from fleet.models import Device
from schools.models import User

_DESTRUCTIVE = ["autopilotReset", "cleanWindowsDevice", "retire", "wipe"]


class ActionOrder(Moves):
    """One remote action for one or several computers. Two or more destructive ones need a second person, which the
    database asks for as well: no operation of an order that is not approved can be stored."""

    class Action(models.TextChoices):
        """As Graph names them, except for Autopilot Reset, which is a wipe that keeps the enrolment."""

        SYNC = "syncDevice", _("Check in now")
        RESTART = "rebootNow", _("Restart")
        SCAN = "windowsDefenderScan", _("Quick virus scan")
        PASSWORD = "rotateLocalAdminPassword", _("New local administrator password")
        KEYS = "rotateBitLockerKeys", _("New BitLocker keys")
        AUTOPILOT_RESET = "autopilotReset", _("Autopilot Reset")
        CLEAN = "cleanWindowsDevice", _("Reinstall Windows")
        RETIRE = "retire", _("Retire")
        WIPE = "wipe", _("Wipe")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for a second person")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    DESTRUCTIVE: ClassVar[frozenset[str]] = frozenset(_DESTRUCTIVE)
    MOVES: ClassVar[dict[str, frozenset[str]]] = {"waiting": frozenset({"approved", "refused"})}

    action = models.CharField(_("action"), max_length=30, choices=Action.choices)
    is_destructive = models.BooleanField(default=False)
    devices = models.ManyToManyField(Device, related_name="orders", verbose_name=_("computers"))
    device_count = models.PositiveIntegerField(_("computers"))
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("order of a remote action")
        verbose_name_plural = _("orders of remote actions")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="action_order_has_a_reason"),
            models.CheckConstraint(
                condition=Q(is_destructive=True, action__in=_DESTRUCTIVE)
                | Q(is_destructive=False) & ~Q(action__in=_DESTRUCTIVE),
                name="action_order_knows_what_destroys",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="action_order_second_person"
            ),
            models.CheckConstraint(
                condition=~Q(status="approved")
                | Q(is_destructive=False)
                | Q(device_count__lt=2)
                | Q(approved_by__isnull=False),
                name="several_destructive_need_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.device_count})"
