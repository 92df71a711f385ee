"""Acts on roll-outs, and what happens to them by itself."""

from deployments.services.rollouts.clock import advance, halt, ring_written
from deployments.services.rollouts.course import abort, latest_readings, pass_ring, pause, resume, skip_ring
from deployments.services.rollouts.overrides import approve_override, request_override
from deployments.services.rollouts.planning import Settings, move_computers, plan_rollout, redraw, settings_of
from deployments.services.rollouts.rollback import prepare_rollback
from deployments.services.rollouts.starting import (
    ChangedSinceDrawn,
    PutInForce,
    Wait,
    ask_to_start,
    begin,
    start,
    start_queued,
    take_out_of_queue,
    waits_for,
)
from deployments.services.rollouts.unsent import may_be_sent, take_back

__all__ = [
    "ChangedSinceDrawn",
    "PutInForce",
    "Settings",
    "Wait",
    "abort",
    "advance",
    "approve_override",
    "ask_to_start",
    "begin",
    "halt",
    "latest_readings",
    "may_be_sent",
    "move_computers",
    "pass_ring",
    "pause",
    "plan_rollout",
    "prepare_rollback",
    "redraw",
    "request_override",
    "resume",
    "ring_written",
    "settings_of",
    "skip_ring",
    "start",
    "start_queued",
    "take_back",
    "take_out_of_queue",
    "waits_for",
]
