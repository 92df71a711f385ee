"""What people do about a difference: adopt it, take it back, or ignore it for a while. Each leaves an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import AppVersion, BaselineEntry, BaselineRevision, ChangeSet, Decision, Proposal
from deployments.models.moves import InvalidMove
from deployments.organisation import Organisation, load_organisation
from deployments.services import proposals
from deployments.services.again import propose_again
from deployments.services.profiles import Owner, profile_of
from deployments.targets import NodeKey
from fleet.models import Device
from intune_sync.drift.choices import Way, choices_of, is_reverting
from intune_sync.drift.ending import resolve, take_over
from intune_sync.models import DriftItem, IntuneApp, KnownRule, OwnedAssignment
from intune_sync.push import reconcile
from intune_sync.push.kept_groups import owners_of
from intune_sync.services.adopt import adopt_app
from schools import audit
from schools.models import ClassGroup, Municipality, School, SchoolForm, User

Kind, Resolution = DriftItem.Kind, DriftItem.Resolution
LONGEST = timedelta(days=366)
OWNERS: dict[str, type[Owner]] = {
    "municipality": Municipality,
    "school_form": SchoolForm,
    "school": School,
    "class_group": ClassGroup,
    "device": Device,
}


class NotPossible(ValidationError):
    """It cannot be adopted, or taken back; the message says why."""


class OverAlready(InvalidMove):
    """Intune shows it no longer."""


@dataclass(frozen=True)
class Adopted:
    """What became of it: proposals, a change that writes the rest, or nothing more to do."""

    proposals: Sequence[Proposal] = ()
    change_set: ChangeSet | None = None


@transaction.atomic
def adopt(item: DriftItem, by: User, reason: str, now: datetime) -> Adopted:
    """Raises NotPossible, OverAlready, ValidationError by field, and what making a proposal raises."""
    item, organisation = _locked(item), load_organisation()
    _require_reason(reason)
    choices = choices_of(item, organisation)
    if choices.adopt is None:
        raise NotPossible(str(choices.why_not_adopt))
    if item.proposals.filter(status__in=[Proposal.Status.OPEN, Proposal.Status.TABLED]).exists():
        raise NotPossible(_("It has been proposed already."))
    item.adopted_by, item.adopted_at = by, now
    done = _ADOPTIONS[choices.adopt](item, by, reason, now)
    item.save()
    after = {"proposals": [each.pk for each in done.proposals], "way": str(choices.adopt)}
    audit.record("drift.adopted", item, by=by, before=_seen(item), after=after, reason=reason)
    return done


@transaction.atomic
def revert(item: DriftItem, by: User, reason: str, now: datetime) -> ChangeSet | None:
    """A draft change that takes it back, to be planned and approved; None for a group that the portal fills anew by
    itself. Raises NotPossible, OverAlready."""
    item, organisation = _locked(item), load_organisation()
    _require_reason(reason)
    choices = choices_of(item, organisation)
    if not choices.revert:
        raise NotPossible(str(choices.why_not_revert))
    if is_reverting(item):
        raise NotPossible(_("%(change)s takes it back already.") % {"change": item.change_set})
    if item.kind == Kind.MEMBERS:
        _fill_anew(item)
    else:
        if item.app_version is None and item.app is not None:
            item.app_version = adopt_app(item.app, by)
        item.change_set = propose_again(by, reason)
        item.save(update_fields=["app_version", "change_set"])
    after = {"change_set": item.change_set_id}
    audit.record("drift.reverting", item, by=by, before=_seen(item), after=after, reason=reason)
    return item.change_set


@transaction.atomic
def ignore(item: DriftItem, by: User, reason: str, until: date, now: datetime) -> DriftItem:
    """Until the end of that day it needs nobody. Raises OverAlready, ValidationError by field."""
    item, today = _locked(item), timezone.localdate(now)
    _require_reason(reason)
    if not today <= until <= today + LONGEST:
        raise ValidationError({"until": _("Choose a day from today on, at most a year ahead.")})
    item.ignored_until, item.ignored_reason, item.ignored_by, item.ignored_at = until, reason.strip(), by, now
    item.save(update_fields=["ignored_until", "ignored_reason", "ignored_by", "ignored_at"])
    audit.record("drift.ignored", item, by=by, after={"until": str(until)}, reason=reason)
    return item


@transaction.atomic
def heed(item: DriftItem, by: User) -> DriftItem:
    """Ignore it no longer. Raises OverAlready."""
    item = _locked(item)
    before = {"until": str(item.ignored_until)}
    item.ignored_until, item.ignored_reason, item.ignored_by, item.ignored_at = None, "", None, None
    item.save(update_fields=["ignored_until", "ignored_reason", "ignored_by", "ignored_at"])
    audit.record("drift.ignore_over", item, by=by, before=before)
    return item


def _locked(item: DriftItem) -> DriftItem:
    row = DriftItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if row.resolved_at:
        raise OverAlready(row.resolution, row.get_resolution_display())
    return row


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that others understand it later.")})


def _seen(item: DriftItem) -> dict[str, Any]:
    return {"decided": item.before, "in_intune": item.after}


def _own(item: DriftItem, by: User, _reason: str, now: datetime) -> Adopted:
    """It is decided word for word, so it becomes the portal's own at once, and leads to its decision."""
    item.decision = decision_for(item, load_organisation())
    take_over(item, now, by)
    return Adopted()


def _propose(item: DriftItem, by: User, reason: str, _now: datetime) -> Adopted:
    version = item.app_version or adopt_app(item.app, by)  # type: ignore[arg-type]
    item.app_version = version
    baseline = proposals.open_baseline(timezone.localdate())
    made = [
        proposals.propose(baseline, application=version.application, reason=reason, by=by, **said)
        for said in _specs(item, version)
    ]
    if not made:
        raise NotPossible(_("The baseline in force says nothing of the application, so there is nothing to propose."))
    item.proposals.add(*made)
    return Adopted(made)


def _specs(item: DriftItem, version: AppVersion) -> list[dict[str, Any]]:
    """What to propose, so that it would be decided as Intune has it."""
    if item.kind == Kind.APP_GONE:
        rules = BaselineEntry.objects.filter(
            revision__status=BaselineRevision.Status.ACTIVE, application=version.application, action="add"
        )
        return [{"kind": "remove", "profile": entry.profile} for entry in rules.select_related("profile")]
    profile = profile_of(_owner(item))
    entry = item.after or item.before or {}
    gives = (entry["target"] == "group") == (item.after is not None)
    return [{"kind": "add" if gives else "remove", "profile": profile, "intent": entry["intent"] if gives else ""}]


def _owner(item: DriftItem) -> Owner:
    kind, key = item.reach["include"][0]
    return OWNERS[kind].objects.get(pk=key)


def _link(item: DriftItem, by: User, reason: str, now: datetime) -> Adopted:
    """The version stands for the new app object; what the portal had assigned is written to that by a change that
    somebody else approves. What the new one has already is taken over where it says the same."""
    version, new_id = item.app_version, UUID((item.after or {})["app_id"])
    if version is None:
        raise NotPossible(_("The app is not in the catalogue."))
    new = IntuneApp.objects.get(graph_id=new_id)
    before = {"intune_app_id": str(version.intune_app_id)}
    version.intune_app_id, version.version, version.app_type = new.graph_id, new.version, new.app_type
    version.save(update_fields=["intune_app_id", "version", "app_type"])
    audit.record("version.linked", version, by=by, before=before, after={"intune_app_id": str(new_id)}, reason=reason)
    there = set(new.assignments.values_list("key", flat=True))
    OwnedAssignment.objects.filter(app_version=version).exclude(key__in=there).delete()
    item.change_set = propose_again(by, reason)
    resolve(item, Resolution.ADOPTED, now)
    return Adopted(change_set=item.change_set)


def _accept(item: DriftItem, _by: User, _reason: str, now: datetime) -> Adopted:
    """The rule of a filter, or of a group as long as its container stays the same."""
    known = {"rule": (item.after or {})["rule"], "since": now, "adopted_for": (item.before or {}).get("scope")}
    of = item.group if item.kind == Kind.RULE else item.filter
    KnownRule.objects.update_or_create(object_id=of.graph_id, defaults=known)  # type: ignore[union-attr]
    resolve(item, Resolution.ADOPTED, now)
    return Adopted()


_ADOPTIONS = {Way.OWN: _own, Way.PROPOSE: _propose, Way.LINK: _link, Way.ACCEPT: _accept}


def _fill_anew(item: DriftItem) -> None:
    for owner in owners_of(item.group.graph_id) if item.group else ():
        reconcile.put_operation(owner)


def decision_for(item: DriftItem, organisation: Organisation) -> Decision | None:
    """Of the nearest container that gives the application there, in the revision in force."""
    if item.app_version is None or not item.reach.get("include"):
        return None
    kind, key = item.reach["include"][0]
    entries = BaselineEntry.objects.filter(
        revision__status=BaselineRevision.Status.ACTIVE, application=item.app_version.application_id
    ).select_related("profile", "decision")
    by_place: dict[NodeKey, BaselineEntry] = {
        (entry.profile.kind, getattr(entry.profile, f"{entry.profile.kind}_id")): entry for entry in entries
    }
    path = organisation.places[kind, key].path if (kind, key) in organisation.places else ()
    found = next((by_place[step] for step in reversed(path) if step in by_place), None)
    return found.decision if found else None
