"""The acts on a school's request for an application, from the first word to the last computer."""

from deployments.services.requests.clock import advance
from deployments.services.requests.conversation import merge, say, support
from deployments.services.requests.course import NotYourTurn, OwnRequest
from deployments.services.requests.decisions import approve, committee_answer, name_application, refuse, to_committee
from deployments.services.requests.deputies import end_deputy, hand_over
from deployments.services.requests.pilot import pilot_works, skip_pilot
from deployments.services.requests.submission import Wish, change, draft, submit, withdraw

__all__ = [
    "NotYourTurn",
    "OwnRequest",
    "Wish",
    "advance",
    "approve",
    "change",
    "committee_answer",
    "draft",
    "end_deputy",
    "hand_over",
    "merge",
    "name_application",
    "pilot_works",
    "refuse",
    "say",
    "skip_pilot",
    "submit",
    "support",
    "to_committee",
    "withdraw",
]
