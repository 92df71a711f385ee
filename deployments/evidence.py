"""This room's evidence of saved time (see `deployments.proof.evidence`): the term's software that came without
collecting, and what came between terms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from deployments.models import Decision
from deployments.proof.answers import Scope, holding
from deployments.proof.evidence import Kind, Period, Statement, Whose, register
from deployments.proof.semesters import decisions_of

KIND = Decision.Kind


def with_the_term(period: Period, whose: Whose) -> Statement:
    """Computers where all that the committee decided for the term is done, and that have not been set up anew since
    Intune was told of it."""
    text, params = holding(Scope(_decisions(period, KIND.MEETING), whose.schools), period.now)
    return (
        f"""
        SELECT ready.device_id, 1 AS times, ready.at FROM (
            SELECT device_id, max(told_at) AS at, min(told_at) AS told_at FROM ({text}) AS held GROUP BY device_id
            HAVING bool_and(status IN ('installed', 'not_applicable')) AND bool_or(status = 'installed')
        ) AS ready JOIN fleet_device AS device ON device.id = ready.device_id
        WHERE device.enrolled_at < ready.told_at AND NOT EXISTS (
            SELECT FROM fleet_enrolmentattempt AS attempt
            WHERE attempt.device_id = ready.device_id AND attempt.started_at >= ready.told_at
        )
        """,  # noqa: S608 - only the texts of this package
        params,
    )


def between_terms(period: Period, whose: Whose) -> Statement:
    """Programs that came to (or went from) computers during the term, by decisions between the meetings."""
    kinds = (KIND.DELEGATED, KIND.REQUEST, KIND.EXCEPTION)
    text, params = holding(Scope(_decisions(period, *kinds), whose.schools), period.now)
    return (
        f"""
        SELECT held.device_id, count(*) AS times, max(held.told_at) AS at
        FROM ({text}) AS held
        WHERE held.status = 'installed' AND held.effect IN ('install', 'uninstall')
            AND held.told_at >= %s AND held.told_at < %s
        GROUP BY held.device_id
        """,  # noqa: S608 - only the texts of this package
        [*params, period.starts_at, period.ends_at],
    )


def _decisions(period: Period, *kinds: str) -> tuple[int, ...]:
    rows = decisions_of(period.baseline, Decision.objects.filter(kind__in=kinds)).filter(holds=True)
    return tuple(rows.order_by("pk").values_list("pk", flat=True))


register(
    Kind(
        code="with_the_term",
        label=_("Computers that got the term’s software without being collected"),
        formula=_(
            "Each computer on which everything that the committee decided for the term is done, and which has not been "
            "set up anew since Intune was told of it. At most as many as were collected before each term."
        ),
        minutes="minutes_per_collected",
        rows=with_the_term,
        at_most="collected_per_term",
    )
)
register(
    Kind(
        code="between_terms",
        label=_("Programs delivered between terms"),
        formula=_(
            "Each program that came to a computer, or was taken off it, during the term by a decision of a school or "
            "by delegation, or as an exception."
        ),
        minutes="minutes_per_delivery",
        rows=between_terms,
    )
)
