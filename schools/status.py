"""How each status looks: one icon and one tone, the same on every page. The word comes from the status itself."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """`icon` is a name in static/icons.txt; `tone` one of ok, wait, warn, bad, idle, info."""

    icon: str
    tone: str


DONE = Look("circle-check", "ok")
WAITING = Look("clock", "wait")
AT_WORK = Look("refresh", "info")
WARNING = Look("alert-triangle", "warn")
BROKEN = Look("circle-x", "bad")
NOTHING = Look("circle-minus", "idle")
NOT_KNOWN = Look("help-circle", "idle")

LOOKS: dict[str, Look] = {
    # a computer's condition
    "in_order": DONE,
    "attention": Look("shield-x", "warn"),
    "silent": Look("clock-pause", "warn"),
    "not_enrolled": Look("circle-dashed", "wait"),
    "missing": Look("device-laptop-off", "bad"),
    # enrolment, as Intune names it
    "enrolled": DONE,
    "pendingReset": WAITING,
    "notContacted": Look("circle-dashed", "wait"),
    "assignedInSync": DONE,
    "assignedOutOfSync": WAITING,
    "assignedUnkownSyncState": WAITING,
    "notAssigned": WARNING,
    "success": DONE,
    "successWithTimeout": WARNING,
    "successOnRetry": DONE,
    "inProgress": AT_WORK,
    "failure": BROKEN,
    "notAttempted": NOTHING,
    "disabled": NOTHING,
    "blocked": Look("ban", "bad"),
    # compliance, as Intune names it
    "compliant": Look("shield-check", "ok"),
    "noncompliant": Look("shield-x", "bad"),
    "conflict": WARNING,
    "error": BROKEN,
    "inGracePeriod": Look("hourglass", "warn"),
    "configManager": NOTHING,
    # a computer's life
    "ordered": WAITING,
    "registered": WAITING,
    "delivered": WAITING,
    "in_use": DONE,
    "in_repair": WARNING,
    "on_loan": Look("user", "info"),
    "retired": NOTHING,
    # a change on its way, computer by computer
    "installed": DONE,
    "waiting_for_device": Look("device-laptop", "wait"),
    "waiting_for_intune": Look("cloud", "wait"),
    "not_applicable": NOTHING,
    "later": Look("clock-pause", "idle"),
    # install status, as Intune names it
    "pendingInstall": WAITING,
    "notInstalled": NOTHING,
    "uninstallFailed": BROKEN,
    "notApplicable": NOTHING,
    # install intents
    "required": Look("lock", "info"),
    "available": Look("download", "info"),
    "uninstall": Look("trash", "warn"),
    # baseline revisions and change sets
    "draft": Look("circle-dashed", "idle"),
    "proposed": WAITING,
    "decided": Look("check", "info"),
    "scheduled": Look("calendar", "wait"),
    "active": DONE,
    "superseded": Look("history", "idle"),
    "discarded": NOTHING,
    "planned": WAITING,
    "approved": Look("check", "info"),
    "applying": AT_WORK,
    "applied": DONE,
    "failed": BROKEN,
    "rejected": Look("circle-x", "idle"),
    "cancelled": NOTHING,
    "abandoned": WARNING,
    # roll-outs, their rings and gates
    "paused": Look("clock-pause", "warn"),
    "halted": BROKEN,
    "aborted": WARNING,
    "rolled_back": Look("arrow-back-up", "idle"),
    "opening": AT_WORK,
    "passed": DONE,
    "skipped": NOTHING,
    "too_few": WAITING,
    "soaking": Look("hourglass", "wait"),
    "pass": DONE,
    "below": WARNING,
    "halt": BROKEN,
    # licences
    "licence_held": DONE,
    "licence_ending": Look("hourglass", "warn"),
    "licence_ended": BROKEN,
    # vetting cards
    "vetted": Look("shield-check", "ok"),
    "vetting_ending": Look("hourglass", "warn"),
    "vetting_expired": Look("shield-x", "bad"),
    "vetting_blocked": Look("shield-x", "bad"),
    "vetting_incomplete": Look("circle-dashed", "idle"),
    # requests
    "school": WAITING,
    "review": Look("eye", "wait"),
    "committee": Look("users", "wait"),
    "pilot": Look("device-laptop", "info"),
    "installing": AT_WORK,
    "done": DONE,
    "refused": Look("circle-x", "bad"),
    "withdrawn": Look("arrow-back-up", "idle"),
    "merged": Look("stack-2", "idle"),
    # exceptions and their renewals
    "asked": Look("gavel", "wait"),
    "in_force": DONE,
    "ending": Look("hourglass", "warn"),
    "ended": Look("history", "idle"),
    "lapsed": NOTHING,
    # proposals, meetings and votes; "open", "rejected" and "planned" look alike wherever they stand
    "open": Look("circle-dashed", "info"),
    "tabled": Look("clock-pause", "warn"),
    "granted": DONE,
    "returned": Look("arrow-back-up", "warn"),
    "noted": Look("check", "idle"),
    "closed": Look("edit", "wait"),
    "signed": DONE,
    "for": Look("circle-check", "ok"),
    "against": Look("circle-x", "bad"),
    "abstains": NOTHING,
    # the school calendar
    "term": Look("book", "info"),
    "break": Look("beach", "ok"),
    "freeze": Look("snowflake", "warn"),
    "holiday": Look("flag", "idle"),
    # notifications, mail and webhooks
    "unread": Look("bell", "info"),
    "waiting": WAITING,
    "given_up": BROKEN,
    # synchronisations and writes
    "queued": WAITING,
    "running": AT_WORK,
    "changed": DONE,
    "no_changes": DONE,
    "skipped_busy": NOTHING,
    "unsafe": WARNING,
    "ready": WAITING,
    "claimed": AT_WORK,
    "sending": AT_WORK,
    "sent": AT_WORK,
    "awaiting_approval": WAITING,
    "pending": AT_WORK,
    "already": DONE,
    "throttled": Look("hourglass", "wait"),
    "verified": DONE,
    "unknown": NOT_KNOWN,
}


def look(code: str) -> Look:
    """A code that the table does not know looks like *unknown*: neutral, never green."""
    return LOOKS.get(code, NOT_KNOWN)
