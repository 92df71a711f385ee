"""What a run has found and changed, with words; in the order in which a person asks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intune_sync.models import SyncRun

LABELS = {
    "seen": _("Received from Intune"),
    "created": _("New"),
    "updated": _("Changed"),
    "removed": _("Removed assignments"),
    "matched": _("Of computers that the portal knows"),
    "members": _("Members put in or taken out"),
    "forgotten": _("Computers that Entra no longer has"),
    "resynced": _("Read whole, because Entra had forgotten where we were"),
    "settled": _("Settings that computers meet again"),
    "dropped": _("No longer detected"),
    "placed": _("Given the school of their group tag"),
    "linked": _("Groups tied to a school, school form or the municipality"),
    "absent": _("Not in the answer"),
    "missing": _("Marked as missing"),
    "returned": _("Found again after having been missing"),
    "unmatched": _("Fit no computer or school"),
    "not_ours": _("Not computers of the municipality"),
    "assignments": _("Assignments"),
    "apps": _("Apps whose install status was read"),
    "exports_failed": _("Exports that Intune did not finish; they are ordered again"),
}


def figures(run: SyncRun) -> list[tuple[str, int]]:
    """(label, number) of what the run counted; a zero is left out unless it answers the first question."""
    counted = {name: label for name, label in LABELS.items() if run.counts.get(name) or name in ("seen", "created")}
    return [(str(label), run.counts[name]) for name, label in counted.items() if name in run.counts]
