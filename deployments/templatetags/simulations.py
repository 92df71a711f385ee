"""The button that plays a change or proposal, and the way to what was played last."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from deployments.models import ChangeSet, Proposal, Simulation
from deployments.services.simulations import may_be_played

register = template.Library()


@register.inclusion_tag("deployments/_simulate.html", takes_context=True)
def simulate(context: dict[str, Any], subject: Proposal | ChangeSet) -> dict[str, Any]:
    """Nothing once it is decided or has begun: then there is the real thing. Two queries at most, else none."""
    user = context["request"].user
    name = "proposal" if isinstance(subject, Proposal) else "change"
    if not user.has_perm("deployments.view_simulation") or not may_be_played(subject):
        return {}
    column = {"proposal": subject} if isinstance(subject, Proposal) else {"change_set": subject}
    may_ask = user.has_perm("deployments.simulate")
    return {
        "csrf_token": context.get("csrf_token"),
        "url": reverse(f"deployments:simulate_{name}", args=[subject.pk]) if may_ask else "",
        "latest": Simulation.objects.visible_to(user).filter(**column).first(),
    }
