"""The acts on an exception: asked for, decided, carried out, renewed, ended."""

from deployments.services.exceptions.asking import Asked, ask, withdraw
from deployments.services.exceptions.clock import advance, remind
from deployments.services.exceptions.course import NotYourTurn, OwnException
from deployments.services.exceptions.deciding import approve, refuse
from deployments.services.exceptions.ending import end
from deployments.services.exceptions.renewing import grant, refuse_renewal, renew

__all__ = [
    "Asked",
    "NotYourTurn",
    "OwnException",
    "advance",
    "approve",
    "ask",
    "end",
    "grant",
    "refuse",
    "refuse_renewal",
    "remind",
    "renew",
    "withdraw",
]
