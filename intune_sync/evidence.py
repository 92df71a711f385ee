"""What this room's ledger shows of saved time; see `deployments.proof.evidence`."""

from __future__ import annotations

from django.db.models import Count, Max, Value
from django.utils.translation import gettext_lazy as _

from deployments.proof.evidence import Kind, Period, Statement, Whose, register
from intune_sync.models import ActionOrder, Operation

Action = ActionOrder.Action
IN_PLACE_OF_A_VISIT = (Action.AUTOPILOT_RESET, Action.CLEAN, Action.WIPE)


def remote_reinstalls(period: Period, whose: Whose) -> Statement:
    """Resets and reinstallations that Intune has confirmed within the semester, by computer."""
    done = Operation.objects.filter(
        kind=Operation.Kind.ACTION,
        status=Operation.Status.VERIFIED,
        order__action__in=IN_PLACE_OF_A_VISIT,
        finished_at__gte=period.starts_at,
        finished_at__lt=period.ends_at,
    )
    rows = done.order_by().values("device_id").annotate(times=Count(Value(1)), at=Max("finished_at"))
    return rows.values_list("device_id", "times", "at").query.sql_with_params()


register(
    Kind(
        code="remote_reinstalls",
        label=_("Computers reset or reinstalled from afar"),
        formula=_(
            "Each Autopilot Reset, reinstallation of Windows or wipe that was ordered here and that Intune has "
            "confirmed within the semester, in place of a computer that is carried to IT."
        ),
        minutes="minutes_per_reinstall",
        rows=remote_reinstalls,
    )
)
