"""Whether each ring has enough computers of every model to tell how the change does there."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import Rollout
from deployments.rollouts.progress import Progress, Share
from deployments.rollouts.story import Step
from schools.templatetags.face import number


def evenness(rollout: Rollout, steps: Sequence[Step], how_far: Progress) -> list[str]:
    """A sentence that all is well, or one for each ring and model that has fewer. The last ring takes what is left."""
    least = rollout.least_per_model
    watched = [step.ring for step in steps if not step.is_last]
    if not watched or not least:
        return []
    short = [
        _("%(ring)s has %(count)s of %(model)s.")
        % {"ring": ring, "count": number(model.by_ring.get(ring.number, 0)), "model": model.name}
        for ring in watched
        for model in how_far.models
        if model.by_ring.get(ring.number, 0) < least and _has_more(model, ring.number)
    ]
    if short:
        return [
            ngettext(
                "Not every ring has at least %(least)s computer of each model:",
                "Not every ring has at least %(least)s computers of each model:",
                least,
            )
            % {"least": number(least)},
            *short,
        ]
    said = ngettext(
        "Each ring has at least %(least)s computer of every model, or all there are.",
        "Each ring has at least %(least)s computers of every model, or all there are.",
        least,
    )
    return [said % {"least": number(least)}]


def _has_more(model: Share, ring: int) -> bool:
    return any(count for number, count in model.by_ring.items() if number > ring)
