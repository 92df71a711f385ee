"""Adopting and taking back, from the page's act to what Intune says afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from deployments.models import ChangeSet, Proposal
from deployments.services import changes
from deployments.services.amendments import EntrySpec, amend
from deployments.services.profiles import profile_of
from intune_sync import services
from intune_sync.drift import acts
from intune_sync.models import DriftItem, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key
from schools.models import AuditEvent
from tests import factories
from tests.deployments.request_factories import vetted
from tests.intune_sync.drift.foreign import Portal
from tests.pushing import active_revision

pytestmark = pytest.mark.django_db


def keys(portal: Portal, name: str) -> set[str]:
    return set(map(assignment_key, portal.town.tenant.assignments(name)))


def foreign(portal: Portal, *more: dict[str, object]) -> DriftItem:
    """GIMP for Gy-Ronn by somebody else; and `more` entries, which stay."""
    app_id = portal.town.tenant.app_id("GIMP")
    portal.somebody(app_id=app_id, add=list(more))
    portal.settle()
    portal.somebody(app_id=app_id, add=[portal.to_school("GY-RONN")])
    portal.read("apps")
    return portal.item


def reverting(portal: Portal, item: DriftItem) -> ChangeSet:
    change_set = acts.revert(item, portal.town.requester, "Inte beslutat", timezone.now())
    assert change_set is not None
    return services.freeze_plan(change_set, portal.town.requester, timezone.now())


def carried_out(portal: Portal, change_set: ChangeSet) -> ChangeSet:
    changes.approve(change_set, change_set.plan_hash, portal.town.approver, timezone.now())
    change_set.refresh_from_db()
    services.apply_change_set(change_set, portal.town.requester, timezone.now())
    portal.write()
    change_set.refresh_from_db()
    return change_set


def test_taking_back_removes_exactly_that_entry(portal: Portal):
    beside = portal.to_school("GY-TEKN", "available")
    item = foreign(portal, beside)

    change_set = reverting(portal, item)
    assert change_set.status == "planned"
    assert change_set.changes.get().targets.count() == 3
    assert {call["path"] for call in portal.town.tenant.writes()} == set()
    change_set = carried_out(portal, change_set)

    assert change_set.status == "applied"
    assert keys(portal, "GIMP") == {assignment_key(beside)}
    assert len(portal.town.tenant.writes()) == len(portal.town.tenant.writes("GIMP")) == 1
    portal.read("apps")
    item.refresh_from_db()
    assert item.resolution == "reverted"


def test_the_one_who_takes_it_back_may_not_approve(portal: Portal):
    change_set = reverting(portal, foreign(portal))

    with pytest.raises(changes.OwnRequest):
        changes.approve(change_set, change_set.plan_hash, portal.town.requester, timezone.now())


def test_an_entry_that_changed_after_the_approval_is_left_alone(portal: Portal):
    change_set = reverting(portal, foreign(portal))
    changes.approve(change_set, change_set.plan_hash, portal.town.approver, timezone.now())
    change_set.refresh_from_db()
    now_available = portal.to_school("GY-RONN", "available")
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), assignments=[now_available])

    with pytest.raises(services.StalePlan):
        services.apply_change_set(change_set, portal.town.requester, timezone.now())

    assert keys(portal, "GIMP") == {assignment_key(now_available)}


def test_what_was_taken_away_is_put_back(portal: Portal):
    version, ours = portal.ours()
    before = portal.town.tenant.everything()[str(version.intune_app_id)]
    portal.somebody(app_id=str(version.intune_app_id), remove=[ours["id"]])
    portal.read("apps")

    carried_out(portal, reverting(portal, portal.item))

    after = portal.town.tenant.everything()[str(version.intune_app_id)]
    assert set(map(assignment_key, after)) == set(map(assignment_key, before))
    portal.read("apps")
    assert portal.items == []


def test_a_changed_intent_is_put_back(portal: Portal):
    version, ours = portal.ours()
    other = "available" if ours["intent"] == "required" else "required"
    portal.instead(version, ours, assignment_for("group", ours["target"]["groupId"], other))
    portal.read("apps")

    carried_out(portal, reverting(portal, portal.item))

    after = portal.town.tenant.everything()[str(version.intune_app_id)]
    assert assignment_key(ours) in set(map(assignment_key, after))
    portal.read("apps")
    assert portal.items == []


def test_what_is_decided_of_other_apps_stays_unwritten(portal: Portal):
    """A change of one difference writes neither other apps nor more of the same one."""
    first, second = portal.ours(), None
    owned = OwnedAssignment.objects.exclude(app_version=first[0]).select_related("app_version").first()
    raws = portal.town.tenant.everything()[str(owned.app_version.intune_app_id)]
    second = next(raw for raw in raws if assignment_key(raw) == owned.key)
    portal.somebody(app_id=str(first[0].intune_app_id), remove=[first[1]["id"]])
    portal.somebody(app_id=str(owned.app_version.intune_app_id), remove=[second["id"]])
    portal.read("apps")
    mine = next(item for item in portal.items if item.app_version == first[0])

    carried_out(portal, reverting(portal, mine))

    portal.read("apps")
    assert [item.app_version for item in portal.items] == [owned.app_version]


def test_adopting_makes_a_proposal_and_once_decided_it_is_the_portals_own(portal: Portal):
    item = foreign(portal)
    open_for_proposals(portal)

    done = acts.adopt(item, portal.town.requester, "Bra för bild", timezone.now())

    (proposal,) = done.proposals
    assert (proposal.kind, proposal.application.name, proposal.intent) == ("add", "GIMP", "required")
    assert str(proposal.profile) == "Gy-Ronn"
    assert not DriftItem.objects.waiting(timezone.localdate()).filter(pk=item.pk).exists()

    decide(portal, proposal)
    portal.read("apps")

    item.refresh_from_db()
    assert item.resolution == "adopted"
    assert portal.items == []
    assert OwnedAssignment.objects.filter(app_version=item.app_version).count() == 1


def test_what_is_decided_already_becomes_the_portals_own_at_once(portal: Portal):
    foreign(portal)
    decide_gimp(portal)
    portal.read("apps")
    item = portal.item
    assert item.is_decided

    acts.adopt(item, portal.town.requester, "Beslutat", timezone.now())

    item.refresh_from_db()
    assert (item.resolution, item.decision.text) == ("adopted", "GIMP till Gy-Ronn")
    portal.read("apps")
    assert portal.items == []


def test_a_rejected_proposal_needs_it_again(portal: Portal):
    item = foreign(portal)
    open_for_proposals(portal)
    (proposal,) = acts.adopt(item, portal.town.requester, "Bra för bild", timezone.now()).proposals

    Proposal.objects.filter(pk=proposal.pk).update(status="rejected")

    assert DriftItem.objects.waiting(timezone.localdate()).filter(pk=item.pk).exists()


def test_a_replaced_app_is_linked_and_assigned_as_decided(portal: Portal):
    version, ours = portal.ours()
    name = version.application.name
    new = portal.somebody(app_id=str(version.intune_app_id), replace=True)
    portal.read_twice("apps")

    change_set = acts.adopt(portal.item, portal.town.requester, "Paketerad om", timezone.now()).change_set
    assert change_set is not None
    change_set = services.freeze_plan(change_set, portal.town.requester, timezone.now())
    assert carried_out(portal, change_set).status == "applied"

    version.refresh_from_db()
    assert str(version.intune_app_id) == new["id"]
    written = portal.town.tenant.everything()[new["id"]]
    assert assignment_key(ours) in set(map(assignment_key, written)), name
    portal.read_twice("apps")
    assert portal.items == []


def test_a_filter_that_is_taken_for_right_is_no_difference(portal: Portal):
    used = next(item.after["filter_id"] for item in DriftItem.objects.open() if (item.after or {}).get("filter_id"))
    portal.somebody(filter_id=used, change={"rule": '(device.model -eq "Latitude 3120")'})
    portal.read("filters")
    item = portal.item

    acts.adopt(item, portal.town.requester, "Ny modell", timezone.now())

    portal.read_twice("filters")
    item.refresh_from_db()
    assert (item.resolution, portal.items) == ("adopted", [])


def test_a_rule_can_be_neither_adopted_nor_taken_back_by_the_portal():
    item = factories.drift_item(kind="rule")

    for act in (acts.adopt, acts.revert):
        with pytest.raises(acts.NotPossible):
            act(item, factories.person("it_admin"), "Fel", timezone.now())


def test_an_act_leaves_an_event(portal: Portal):
    item = foreign(portal)

    acts.revert(item, portal.town.requester, "Inte beslutat", timezone.now())

    event = AuditEvent.objects.get(act="drift.reverting")
    assert (event.actor, event.reason, event.before["in_intune"]) == (
        portal.town.requester,
        "Inte beslutat",
        item.after,
    )


def test_it_is_not_taken_back_twice(portal: Portal):
    item = foreign(portal)
    acts.revert(item, portal.town.requester, "Inte beslutat", timezone.now())

    with pytest.raises(ValidationError):
        acts.revert(item, portal.town.requester, "Inte beslutat", timezone.now())


def open_for_proposals(portal: Portal) -> None:
    semester, today = portal.town.baseline.semester, timezone.localdate()
    semester.starts_on, semester.ends_on = today + timedelta(days=60), today + timedelta(days=200)
    semester.proposals_open_on, semester.freeze_on = today - timedelta(days=1), today + timedelta(days=20)
    semester.meeting_on, semester.publish_on = today + timedelta(days=30), today + timedelta(days=40)
    semester.save()


def decide(portal: Portal, proposal: Proposal) -> None:
    """The committee grants it, and what it decided is put in force."""
    decide_gimp(portal)
    Proposal.objects.filter(pk=proposal.pk).update(status="granted")


def decide_gimp(portal: Portal) -> None:
    town = portal.town
    decision = factories.decision(town.approver, "GIMP till Gy-Ronn")
    application = vetted(town.version("GIMP").application)
    spec = EntrySpec(profile_of(town.schools["GY-RONN"]), application)
    planned = town.plan(amend([spec], decision, requested_by=town.requester))
    services.apply_change_set(town.approve(planned), town.requester, timezone.now())
    portal.write()
    assert active_revision() == planned.revision
