"""The audit trail in words: acts, the columns they changed, and where they came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from schools.entra.refusals import REFUSALS
from schools.models import CalendarPeriod, NotificationSettings, Role, SchoolForm, User

ACTS: dict[str, str | Promise] = {
    "person.signed_in": gettext_lazy("Signed in"),
    "person.sign_in_refused": gettext_lazy("Signing in refused"),
    "person.created": gettext_lazy("Account created"),
    "person.closed": gettext_lazy("Account closed, as Entra says"),
    "person.reopened": gettext_lazy("Account open again, as Entra says"),
    "person.password_changed": gettext_lazy("Password changed"),
    "role.granted": gettext_lazy("Role given"),
    "role.revoked": gettext_lazy("Role ended"),
    "token.issued": gettext_lazy("API token made"),
    "token.revoked": gettext_lazy("API token revoked"),
    "notifications.chosen": gettext_lazy("Way of being told chosen"),
    "webhook.created": gettext_lazy("Webhook made"),
    "webhook.changed": gettext_lazy("Webhook changed"),
    "webhook.sent_again": gettext_lazy("Message to another system sent again"),
    "municipality.named": gettext_lazy("Municipality named"),
    "administration.added": gettext_lazy("Administration added"),
    "administration.renamed": gettext_lazy("Administration renamed"),
    "school.added": gettext_lazy("School added"),
    "school.changed": gettext_lazy("School changed"),
    "school.line_set": gettext_lazy("School's line set"),
    "municipality.line_set": gettext_lazy("Schools' usual line set"),
    "simulation.asked": gettext_lazy("Roll-out simulated"),
    "semester.opened": gettext_lazy("Semester opened"),
    "revision.started": gettext_lazy("Draft of the baseline started"),
    "revision.entry_put": gettext_lazy("Line put into the draft"),
    "revision.entry_dropped": gettext_lazy("Line taken out of the draft"),
    "revision.rebased": gettext_lazy("Draft brought up to date"),
    "revision.imported": gettext_lazy("Draft read from a file"),
    "revision.decided": gettext_lazy("Revision decided"),
    "revision.discarded": gettext_lazy("Draft thrown away"),
    "request.drafted": gettext_lazy("Request written"),
    "request.changed": gettext_lazy("Request changed"),
    "request.submitted": gettext_lazy("Request sent"),
    "request.approved": gettext_lazy("Request approved by the school"),
    "request.refused": gettext_lazy("Request refused"),
    "request.withdrawn": gettext_lazy("Request withdrawn"),
    "request.to_committee": gettext_lazy("Request handed to the committee"),
    "request.returned": gettext_lazy("Request handed back to IT"),
    "request.named": gettext_lazy("Request tied to an application"),
    "request.merged": gettext_lazy("Request joined with another"),
    "request.parted": gettext_lazy("Request goes on by itself"),
    "request.supported": gettext_lazy("Request supported by another school"),
    "request.message": gettext_lazy("Message on a request"),
    "request.planned": gettext_lazy("Request granted"),
    "request.pilot": gettext_lazy("Request tried on two computers"),
    "request.pilot_works": gettext_lazy("The first computers work"),
    "request.pilot_skipped": gettext_lazy("Not tried first"),
    "request.installing": gettext_lazy("Installing began"),
    "request.done": gettext_lazy("Request carried out"),
    "request.reminded": gettext_lazy("Reminded of a decision"),
    "request.escalated": gettext_lazy("Late decision handed to IT"),
    "exception.asked": gettext_lazy("Exception asked for"),
    "exception.to_it": gettext_lazy("Exception handed to IT"),
    "exception.approved": gettext_lazy("Exception approved"),
    "exception.refused": gettext_lazy("Exception refused"),
    "exception.withdrawn": gettext_lazy("Exception withdrawn"),
    "exception.in_force": gettext_lazy("Exception in force"),
    "exception.renewal_asked": gettext_lazy("Renewal of an exception asked for"),
    "exception.renewed": gettext_lazy("Exception renewed"),
    "exception.renewal_refused": gettext_lazy("Renewal of an exception refused"),
    "exception.ending": gettext_lazy("Exception began to end"),
    "exception.ended": gettext_lazy("Exception ended"),
    "semester.dates_changed": gettext_lazy("Dates of the semester changed"),
    "proposal.made": gettext_lazy("Proposal made"),
    "proposal.supported": gettext_lazy("Proposal supported"),
    "proposal.commented": gettext_lazy("Proposal commented on"),
    "proposal.stance_taken": gettext_lazy("Stance before the meeting noted"),
    "proposal.stance_withdrawn": gettext_lazy("Stance before the meeting taken back"),
    "proposal.withdrawn": gettext_lazy("Proposal withdrawn"),
    "proposal.reopened": gettext_lazy("Proposal put again"),
    "proposal.decided": gettext_lazy("Proposal decided"),
    "calendar.added": gettext_lazy("Period added to the school calendar"),
    "calendar.changed": gettext_lazy("Period of the school calendar changed"),
    "calendar.removed": gettext_lazy("Period taken out of the school calendar"),
    "calendar.lessons_set": gettext_lazy("Lesson hours set"),
    "seat.added": gettext_lazy("Seat in the committee added"),
    "seat.changed": gettext_lazy("Seat in the committee changed"),
    "meeting.called": gettext_lazy("Meeting called"),
    "meeting.changed": gettext_lazy("Meeting changed"),
    "meeting.agenda_refreshed": gettext_lazy("Agenda brought up to date"),
    "meeting.item_added": gettext_lazy("Item added to the agenda"),
    "meeting.item_changed": gettext_lazy("Item of the agenda changed"),
    "meeting.item_removed": gettext_lazy("Item taken off the agenda"),
    "meeting.item_moved": gettext_lazy("Item of the agenda moved"),
    "meeting.opened": gettext_lazy("Meeting opened"),
    "meeting.presence_marked": gettext_lazy("Who is present changed"),
    "meeting.note_written": gettext_lazy("Discussion written down"),
    "meeting.voted": gettext_lazy("Vote given"),
    "meeting.vote_withdrawn": gettext_lazy("Vote taken back"),
    "meeting.reserved": gettext_lazy("Reservation made"),
    "meeting.item_decided": gettext_lazy("Item decided"),
    "meeting.item_reopened": gettext_lazy("Outcome taken back"),
    "meeting.closed": gettext_lazy("Meeting closed"),
    "minutes.signed": gettext_lazy("Minutes signed"),
    "minutes.settled": gettext_lazy("Minutes signed by two"),
    "decision.made": gettext_lazy("Decision made by the committee"),
    "decision.delegated": gettext_lazy("Decision made by delegation"),
    "delegation.given": gettext_lazy("Delegation given"),
    "delegation.ended": gettext_lazy("Delegation ended"),
    "decision.taken_back": gettext_lazy("Decision taken back in a draft"),
    "classgroup.renamed": gettext_lazy("Class group renamed"),
    "classgroup.removed": gettext_lazy("Class group removed"),
    "classgroup.added": gettext_lazy("Class group added"),
    "device.class_group_set": gettext_lazy("Class group of a computer changed"),
    "changeset.proposed": gettext_lazy("Change proposed"),
    "changeset.planned": gettext_lazy("Change planned"),
    "changeset.approved": gettext_lazy("Change approved"),
    "changeset.approval_kept": gettext_lazy("Approval kept after another change was written"),
    "changeset.rejected": gettext_lazy("Change refused"),
    "changeset.cancelled": gettext_lazy("Change withdrawn"),
    "changeset.started": gettext_lazy("Writing to Intune started"),
    "changeset.finished": gettext_lazy("Writing to Intune finished"),
    "changeset.resumed": gettext_lazy("Writing to Intune tried again"),
    "changeset.abandoned": gettext_lazy("Change closed with errors left"),
    "changeset.held": gettext_lazy("Change left for IT"),
    "changeset.override_requested": gettext_lazy("Exception for writing at once asked for"),
    "changeset.override_approved": gettext_lazy("Exception for writing at once approved"),
    "rollout.planned": gettext_lazy("Roll-out planned"),
    "rollout.drawn_anew": gettext_lazy("Rings drawn anew"),
    "rollout.computers_moved": gettext_lazy("Computers moved to another ring"),
    "rollout.queued": gettext_lazy("Roll-out to be started"),
    "rollout.not_started": gettext_lazy("Roll-out not started"),
    "rollout.started": gettext_lazy("Roll-out started"),
    "rollout.ring_opened": gettext_lazy("Ring opened"),
    "rollout.ring_written": gettext_lazy("Ring written to Intune"),
    "rollout.ring_passed": gettext_lazy("Ring passed"),
    "rollout.ring_skipped": gettext_lazy("Ring skipped"),
    "rollout.computers_let_in": gettext_lazy("Computers let into their ring"),
    "rollout.ring_left": gettext_lazy("Ring left half-written"),
    "rollout.ring_taken_back": gettext_lazy("Ring taken back before anything of it was sent"),
    "rollout.ring_watched_again": gettext_lazy("Ring open again for schools that come later"),
    "rollout.paused": gettext_lazy("Roll-out paused"),
    "rollout.resumed": gettext_lazy("Roll-out resumed"),
    "rollout.halted": gettext_lazy("Roll-out stopped by itself"),
    "rollout.aborted": gettext_lazy("Roll-out broken off"),
    "rollout.done": gettext_lazy("Roll-out written everywhere"),
    "rollout.rollback_prepared": gettext_lazy("Rolling back prepared"),
    "rollout.rollback_dropped": gettext_lazy("Rolling back given up"),
    "rollout.rolled_back": gettext_lazy("Roll-out rolled back"),
    "rollout.override_requested": gettext_lazy("Exception from the calendar asked for"),
    "rollout.override_approved": gettext_lazy("Exception from the calendar approved"),
    "assumption.changed": gettext_lazy("Assumption of the time-saved ledger changed"),
    "group.created": gettext_lazy("Group created in Entra"),
    "group.renamed": gettext_lazy("Group renamed in Entra"),
    "group.filled": gettext_lazy("Members of a group put right"),
    "group.rule_put_back": gettext_lazy("Membership rule of a group put back"),
    "group.deleted": gettext_lazy("Group deleted in Entra"),
    "app.requested": gettext_lazy("App to be created in Intune"),
    "app.created": gettext_lazy("App created in Intune"),
    "identity.requested": gettext_lazy("Group tag or user in Autopilot to be changed"),
    "identity.marked": gettext_lazy("Group tag or user in Autopilot changed"),
    "import.requested": gettext_lazy("Computers to be registered in Autopilot"),
    "import.finished": gettext_lazy("Registration in Autopilot finished"),
    "action.ordered": gettext_lazy("Remote action ordered"),
    "action.approved": gettext_lazy("Remote action approved"),
    "action.refused": gettext_lazy("Remote action refused"),
    "action.sent": gettext_lazy("Remote action carried out"),
    "writes.stopped": gettext_lazy("All writing to Intune stopped"),
    "writes.release_asked": gettext_lazy("Release of the stop, first person"),
    "writes.released": gettext_lazy("Writing to Intune released"),
    "operation.released": gettext_lazy("Write that was set aside let in again"),
    "epoch.begun": gettext_lazy("Backup restored; nothing destructive from before is sent"),
    "assignments.written": gettext_lazy("Assignments written to Intune"),
    "assignment.taken_over": gettext_lazy("Somebody else’s assignment became the portal’s own"),
    "drift.found": gettext_lazy("Something in Intune is not as decided"),
    "drift.over": gettext_lazy("Intune is as decided again"),
    "drift.adopted": gettext_lazy("Drift adopted"),
    "drift.reverting": gettext_lazy("Drift to be taken back"),
    "drift.ignored": gettext_lazy("Drift ignored for a while"),
    "drift.ignore_over": gettext_lazy("Drift no longer ignored"),
    "version.linked": gettext_lazy("Version linked to another app in Intune"),
    "application.added": gettext_lazy("Application added"),
    "application.described": gettext_lazy("Application described"),
    "application.vetted": gettext_lazy("Vetting card filled in"),
    "version.needs_stated": gettext_lazy("What a version needs was stated"),
    "licence.added": gettext_lazy("Licences added"),
    "licence.changed": gettext_lazy("Licences changed"),
    "licence.dropped": gettext_lazy("Licences removed"),
    "capability.added": gettext_lazy("Capability added"),
    "capability.changed": gettext_lazy("Capability changed"),
    "app.adopted": gettext_lazy("App taken into the catalogue"),
    "baseline.adopted": gettext_lazy("Baseline taken over from Intune"),
    "syncrun.requested": gettext_lazy("Synchronisation requested"),
    "syncrun.released": gettext_lazy("Stopped synchronisation let through"),
}
"""Every act that any room records, in the words of a page. A test compares it with the code."""

COLUMNS: dict[str, str | Promise] = {
    "accessibility": gettext_lazy("Accessibility"),
    "action": gettext_lazy("Action"),
    "active_revision": gettext_lazy("Active revision"),
    "administration": gettext_lazy("Administration"),
    "agreement": gettext_lazy("Data processing agreement"),
    "agreement_reference": gettext_lazy("Reference of the agreement"),
    "application": gettext_lazy("Application"),
    "apps": gettext_lazy("Apps in Intune"),
    "assessment": gettext_lazy("Impact assessment"),
    "assignments": gettext_lazy("Assignments"),
    "attempts": gettext_lazy("Attempts"),
    "based_on": gettext_lazy("Based on"),
    "chair": gettext_lazy("Chair"),
    "class_group": gettext_lazy("Class group"),
    "client_request_id": gettext_lazy("Our id of the call"),
    "container": gettext_lazy("Software profile"),
    "cost_note": gettext_lazy("Cost"),
    "cost_per_year": gettext_lazy("Cost per year"),
    "data_region": gettext_lazy("Where the data is"),
    "decision": gettext_lazy("Decision"),
    "description": gettext_lazy("Description"),
    "due_at": gettext_lazy("Decision due"),
    "ends_on": gettext_lazy("Ends"),
    "entries": gettext_lazy("Lines"),
    "event": gettext_lazy("Event"),
    "expires_at": gettext_lazy("Expires"),
    "first_grade": gettext_lazy("From grade"),
    "freeze_on": gettext_lazy("Proposals close"),
    "group_tag": gettext_lazy("Group tag"),
    "holder": gettext_lazy("Held by"),
    "intent": gettext_lazy("Intent"),
    "intune_app_id": gettext_lazy("Intune app id"),
    "is_active": gettext_lazy("Active"),
    "item": gettext_lazy("Item of the agenda"),
    "items": gettext_lazy("Items of the agenda"),
    "kind": gettext_lazy("Kind"),
    "kinds": gettext_lazy("What is sent"),
    "language": gettext_lazy("Language"),
    "last_grade": gettext_lazy("To grade"),
    "mail": gettext_lazy("Mail"),
    "meeting_on": gettext_lazy("Meeting"),
    "lessons": gettext_lazy("Lesson hours (1 is Monday)"),
    "merged_again": gettext_lazy("Times merged again with others' changes"),
    "minimum_age": gettext_lazy("Minimum age"),
    "minimum_disk_mb": gettext_lazy("Free disk needed (MB)"),
    "minimum_memory_mb": gettext_lazy("Memory needed (MB)"),
    "minimum_os": gettext_lazy("Oldest operating system"),
    "minutes_hash": gettext_lazy("Checksum of the minutes"),
    "name": gettext_lazy("Name"),
    "needed_by": gettext_lazy("Needed by"),
    "not_written": gettext_lazy("Apps not written"),
    "note": gettext_lazy("Note"),
    "outcome": gettext_lazy("Outcome"),
    "owner": gettext_lazy("Owner"),
    "personal_data": gettext_lazy("Personal data"),
    "place": gettext_lazy("Place"),
    "plan_hash": gettext_lazy("Plan hash"),
    "platform": gettext_lazy("Platform"),
    "present": gettext_lazy("Present"),
    "proposals_open_on": gettext_lazy("Proposals open"),
    "publish_on": gettext_lazy("Publishing"),
    "publisher": gettext_lazy("Publisher"),
    "purpose": gettext_lazy("Teaching purpose"),
    "quiet_from": gettext_lazy("No mail from"),
    "quiet_until": gettext_lazy("No mail until"),
    "refusal": gettext_lazy("What stood in the way"),
    "registration_number": gettext_lazy("Registration number"),
    "replaces": gettext_lazy("Instead of"),
    "request_id": gettext_lazy("Microsoft's id of the call"),
    "reservation": gettext_lazy("Reservation"),
    "responsible_teacher": gettext_lazy("Responsible teacher"),
    "review_on": gettext_lazy("Review"),
    "revision": gettext_lazy("Revision"),
    "revoked_at": gettext_lazy("Revoked"),
    "role": gettext_lazy("Role"),
    "run": gettext_lazy("Synchronisation"),
    "school": gettext_lazy("School"),
    "school_form": gettext_lazy("School form"),
    "school_unit_code": gettext_lazy("School unit code"),
    "seat": gettext_lazy("Seat"),
    "seats": gettext_lazy("Seats"),
    "secrecy": gettext_lazy("Secrecy"),
    "secretary": gettext_lazy("Secretary"),
    "semester": gettext_lazy("Semester"),
    "starts_at": gettext_lazy("Starts"),
    "starts_on": gettext_lazy("Starts"),
    "state": gettext_lazy("Status"),
    "status": gettext_lazy("Status"),
    "subjects": gettext_lazy("Subjects"),
    "targets": gettext_lazy("Computers"),
    "text": gettext_lazy("Text"),
    "url": gettext_lazy("Address"),
    "username": gettext_lazy("User name"),
    "valid_until": gettext_lazy("Valid until"),
    "version": gettext_lazy("Version"),
    "vote": gettext_lazy("Vote"),
    "way": gettext_lazy("Way of signing in"),
    "ring": gettext_lazy("Ring"),
    "computers": gettext_lazy("Computers"),
    "verdict": gettext_lazy("Verdict of the gate"),
    "with_ring": gettext_lazy("Goes along with ring"),
    "count": gettext_lazy("Number"),
    "least_per_model": gettext_lazy("Computers of each model"),
    "soak_hours": gettext_lazy("Hours between rings"),
    "min_sample": gettext_lazy("Fewest reports"),
    "least_success": gettext_lazy("Least success"),
    "strategy": gettext_lazy("Strategy"),
    "pilot_school": gettext_lazy("Pilot school"),
    "gate": gettext_lazy("Gate"),
    "seed": gettext_lazy("Seed"),
    "change_set": gettext_lazy("Change"),
    "decided": gettext_lazy("What is decided"),
    "drift": gettext_lazy("Drift"),
    "episode": gettext_lazy("Time"),
    "in_intune": gettext_lazy("In Intune"),
    "proposals": gettext_lazy("Proposals"),
    "until": gettext_lazy("Until"),
}

VALUES: dict[str, dict[str, str | Promise]] = {
    "outcome": {
        "granted": pgettext_lazy("outcome", "Granted"),
        "rejected": pgettext_lazy("outcome", "Rejected"),
        "returned": pgettext_lazy("outcome", "Sent back for more facts"),
        "tabled": pgettext_lazy("outcome", "Postponed"),
        "noted": pgettext_lazy("outcome", "Noted"),
    },
    "vote": {
        "for": gettext_lazy("For"),
        "against": gettext_lazy("Against"),
        "abstains": gettext_lazy("Abstains"),
    },
    "refusal": REFUSALS,
    "role": dict(Role.choices),
    "kind": dict(CalendarPeriod.Kind.choices),
    "way": {"entra": "Entra"},
    "school_form": dict(SchoolForm.Code.choices),
    "action": {"add": gettext_lazy("Add"), "remove": gettext_lazy("Remove")},
    "mail": dict(NotificationSettings.Mail.choices),
    "platform": {"windows": "Windows", "macos": "macOS"},
    "intent": {
        "required": gettext_lazy("Required"),
        "available": gettext_lazy("Available"),
        "uninstall": gettext_lazy("Uninstall"),
    },
    "personal_data": {
        "none": gettext_lazy("None"),
        "account": gettext_lazy("Account details only"),
        "work": gettext_lazy("Pupils' work"),
        "sensitive": gettext_lazy("Sensitive data"),
    },
    "agreement": {
        "not_needed": gettext_lazy("Not needed"),
        "signed": gettext_lazy("Signed"),
        "missing": gettext_lazy("Missing"),
    },
    "assessment": {
        "not_needed": gettext_lazy("Not needed"),
        "done": gettext_lazy("Done"),
        "missing": gettext_lazy("Missing"),
    },
    "data_region": {
        "device": gettext_lazy("Only on the computer"),
        "eu": gettext_lazy("EU and EEA"),
        "outside": gettext_lazy("Outside the EU and EEA"),
    },
    "accessibility": {
        "meets": gettext_lazy("Meets WCAG 2.1 AA"),
        "partly": gettext_lazy("Meets it in part"),
        "fails": gettext_lazy("Does not meet it"),
    },
    "state": {
        "draft": gettext_lazy("Draft"),
        "school": gettext_lazy("With the school's approver"),
        "review": gettext_lazy("IT review"),
        "committee": gettext_lazy("With the committee"),
        "planned": gettext_lazy("Planned"),
        "pilot": gettext_lazy("Being tried on two computers"),
        "installing": gettext_lazy("Installing"),
        "done": gettext_lazy("Done"),
        "refused": gettext_lazy("Refused"),
        "withdrawn": gettext_lazy("Withdrawn"),
        "merged": gettext_lazy("Merged with another request"),
    },
    "status": {
        "draft": gettext_lazy("Draft"),
        "discarded": gettext_lazy("Discarded"),
        "planned": gettext_lazy("Waiting for approval"),
        "approved": gettext_lazy("Approved"),
        "applying": gettext_lazy("Being written to Intune"),
        "applied": gettext_lazy("Written to Intune"),
        "failed": gettext_lazy("Needs attention"),
        "rejected": gettext_lazy("Rejected"),
        "cancelled": gettext_lazy("Cancelled"),
        "abandoned": gettext_lazy("Closed with errors left"),
    },
}
"""Codes that columns hold, in the words that the pages use for them."""

MOMENTS = {"due_at", "expires_at", "revoked_at", "valid_until"}

ORIGINS: dict[str, str | Promise] = {
    "web": gettext_lazy("Web page"),
    "api": gettext_lazy("API"),
    "command": gettext_lazy("Command line"),
    "worker": gettext_lazy("The portal itself"),
}


@dataclass(frozen=True)
class Difference:
    """One column of an event: what it was (None: nothing was said) and what it became."""

    column: str
    before: str | None
    after: str | None


def act_in_words(act: str) -> str:
    return str(ACTS.get(act, act))


def origin_in_words(origin: str) -> str:
    kind, _space, address = origin.partition(" ")
    return f"{ORIGINS.get(kind, kind)} {address}".strip()


def actor_in_words(actor: User | None, origin: str) -> str:
    """Who acted; without a person it was somebody at the server's command line, or the portal by itself."""
    if actor is not None:
        return actor.display_name
    return _("Command line") if origin.startswith("command") else _("The portal")


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """What an event says, column by column; a column that did not change, or is empty still, is left out."""
    return [
        Difference(str(COLUMNS.get(column, column)), _said(before, column), _said(after, column))
        for column in sorted(before.keys() | after.keys())
        if (before.get(column) or "") != (after.get(column) or "")
    ]


def _said(values: dict[str, Any], column: str) -> str | None:
    return _value_in_words(column, values[column]) if column in values else None


def _value_in_words(column: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, str) and value in VALUES.get(column, {}):
        return str(VALUES[column][value])
    if isinstance(value, str) and column in MOMENTS and (moment := parse_datetime(value)):
        return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
