"""What is known of a proposal while somebody fills in its form: the facts, what stands in its way, what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from deployments.committee.consequences import impact_of_proposal
from deployments.committee.evidence import Evidence, evidence_of
from deployments.committee.wording import asks_for
from deployments.models import Application, Proposal
from deployments.services.proposals import check_meaning


@dataclass(frozen=True)
class Preview:
    """`impact` is a `deployments.impact.Impact`, None while the form says too little or something stands in the way."""

    evidence: tuple[Evidence, ...]
    says: str = ""
    problems: tuple[str, ...] = ()
    impact: Any = None


def preview_of(said: Mapping[str, Any], on: date) -> Preview:
    """`said` are columns of a proposal, those that are known so far; nothing of it is stored.

    About thirty queries, and about five when the same was asked a moment ago.
    """
    applications = [each for each in (said.get("application"), said.get("replaces")) if isinstance(each, Application)]
    facts = tuple(evidence_of(applications, on).values()) if applications else ()
    if not said.get("profile") or not said.get("application"):
        return Preview(facts)
    proposal = Proposal(**said)
    try:
        check_meaning(proposal)
    except ValidationError as error:
        return Preview(facts, problems=tuple(error.messages))
    return Preview(facts, asks_for(proposal), impact=impact_of_proposal(proposal))
