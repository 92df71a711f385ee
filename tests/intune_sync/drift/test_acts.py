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
from intune_sync.models import AssignmentFilter, DriftItem, KeptGroup, Operation, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.payloads.aims import FILTER_ID, FILTER_TYPE, has_filter
from intune_sync.payloads.members import calls_of
from intune_sync.push import reconcile
from schools.clock import shared_now
from schools.models import AuditEvent
from tests import factories
from tests.deployments.request_factories import vetted
from tests.intune_sync.drift.foreign import Portal
from tests.intune_sync.test_kept_groups import a_class, directory, known_to_entra, members
from tests.pushing import GEOGEBRA, active_revision

pytestmark = pytest.mark.django_db
OTHER_RULE = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-TEKN"))'


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


def edited(portal: Portal, rule: str = OTHER_RULE) -> DriftItem:
    """The rule of the group of Gy-Ronn, by somebody else."""
    portal.somebody(group_id=str(portal.town.schools["GY-RONN"].entra_group_id), rule=rule)
    portal.read("groups")
    return portal.item


def rule_of(portal: Portal, tag: str) -> str:
    return str(directory(portal.town.tenant, f"groups/{portal.town.schools[tag].entra_group_id}")["membershipRule"])


def test_an_edited_rule_is_put_back_once_somebody_else_has_approved_it(portal: Portal):
    before = rule_of(portal, "GY-RONN")
    item = edited(portal)

    change_set = reverting(portal, item)
    (call,) = calls_of(change_set.plan)
    assert (call["method"], call["body"]) == ("PATCH", {"membershipRule": before})
    assert rule_of(portal, "GY-RONN") == OTHER_RULE
    with pytest.raises(changes.OwnRequest):
        changes.approve(change_set, change_set.plan_hash, portal.town.requester, timezone.now())
    change_set = carried_out(portal, change_set)

    assert (change_set.status, rule_of(portal, "GY-RONN")) == ("applied", before)
    assert portal.town.tenant.writes() == []
    assert AuditEvent.objects.get(act="group.rule_put_back").before["rule"] == OTHER_RULE
    portal.read("groups")
    item.refresh_from_db()
    assert (portal.items, item.resolution) == ([], "reverted")


def test_a_rule_that_was_edited_again_after_the_approval_is_left_alone(portal: Portal):
    change_set = reverting(portal, edited(portal))
    changes.approve(change_set, change_set.plan_hash, portal.town.approver, timezone.now())
    change_set.refresh_from_db()
    edited(portal, third := OTHER_RULE.replace("GY-TEKN", "GY-AKER"))

    with pytest.raises(services.StalePlan):
        services.apply_change_set(change_set, portal.town.requester, timezone.now())

    assert rule_of(portal, "GY-RONN") == third


def test_a_rule_that_is_edited_while_it_waits_to_be_written_fails_the_change(portal: Portal):
    change_set = reverting(portal, edited(portal))
    changes.approve(change_set, change_set.plan_hash, portal.town.approver, timezone.now())
    change_set.refresh_from_db()
    services.apply_change_set(change_set, portal.town.requester, timezone.now())
    edited(portal, third := OTHER_RULE.replace("GY-TEKN", "GY-AKER"))

    portal.write()

    change_set.refresh_from_db()
    assert Operation.objects.get(kind="rule").problem == "rule_changed"
    assert (change_set.status, rule_of(portal, "GY-RONN")) == ("failed", third)


def test_a_rule_whose_answer_was_lost_is_written_once(portal: Portal):
    change_set = reverting(portal, edited(portal))
    portal.town.tenant.fault("drop_after", method="PATCH", path="/groups/")

    carried_out(portal, change_set)
    Operation.objects.open().update(not_before=None)
    portal.write()

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert len(portal.town.tenant.calls(method="PATCH", path_contains="/groups/")) == 1


def test_an_adopted_rule_is_right_until_it_is_edited_again(portal: Portal):
    item = edited(portal)

    acts.adopt(item, portal.town.requester, "De delar salar", timezone.now())

    portal.read_twice("groups")
    item.refresh_from_db()
    assert (item.resolution, portal.items) == ("adopted", [])
    assert edited(portal, OTHER_RULE.replace("GY-TEKN", "GY-AKER")).before["rule"] == OTHER_RULE


def test_an_adopted_rule_is_not_right_for_another_group_tag(portal: Portal):
    acts.adopt(edited(portal), portal.town.requester, "De delar salar", timezone.now())
    school = portal.town.schools["GY-RONN"]
    school.group_tag = "GY-RN"
    school.save()

    portal.read("groups")

    item = portal.item
    assert (item.kind, item.before["rule"]) == ("rule", "")
    with pytest.raises(acts.NotPossible):
        acts.revert(item, portal.town.requester, "Fel", timezone.now())


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


def test_a_filter_on_ours_is_taken_off(portal: Portal):
    version, ours = portal.ours()
    filter_id = str(AssignmentFilter.objects.order_by("pk").first().graph_id)
    target = {**ours["target"], FILTER_ID: filter_id, FILTER_TYPE: "include"}
    portal.instead(version, ours, {**ours, "target": target})
    portal.read("apps")

    carried_out(portal, reverting(portal, portal.item))

    portal.read("apps")
    assert portal.items == []
    raws = portal.town.tenant.everything()[str(version.intune_app_id)]
    assert not any(has_filter(raw) for raw in raws if assignment_key(raw) == assignment_key(ours))


def test_a_deleted_app_is_proposed_to_be_removed_wherever_it_is_given(portal: Portal):
    version, _ours = portal.ours()
    portal.somebody(app_id=str(version.intune_app_id), delete=True)
    portal.read_twice("apps")
    open_for_proposals(portal)

    done = acts.adopt(portal.item, portal.town.requester, "Utgått", timezone.now())

    rules = active_revision().entries.filter(application=version.application, action="add")
    assert {each.profile for each in done.proposals} == {entry.profile for entry in rules}
    assert {each.kind for each in done.proposals} == {"remove"}


def test_a_kept_group_is_filled_again(portal: Portal):
    group, devices = a_class(portal.town, 2)
    objects = known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    group.refresh_from_db()
    portal.settle()
    portal.somebody(group_id=str(group.entra_group_id), remove_members=[objects[0]])
    portal.read_twice("groups")

    assert acts.revert(portal.item, portal.town.requester, "Av misstag", timezone.now()) is None
    portal.write()

    assert members(portal.town.tenant, group.entra_group_id) == set(objects)
    portal.read_twice("groups")
    assert portal.items == []


def test_what_the_portal_puts_right_by_itself_was_taken_back_by_the_portal(portal: Portal):
    group, devices = a_class(portal.town, 2)
    objects = known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    group.refresh_from_db()
    portal.settle()
    portal.somebody(group_id=str(group.entra_group_id), remove_members=[objects[0]])
    portal.read_twice("groups")
    item = portal.item

    reconcile.sweep(shared_now())
    portal.write()
    portal.read("groups")

    item.refresh_from_db()
    assert (portal.items, item.resolution) == ([], "reverted")
    assert members(portal.town.tenant, group.entra_group_id) == set(objects)


def test_a_kept_group_that_is_gone_is_created_again_and_assigned(portal: Portal):
    group, devices = a_class(portal.town, 2)
    objects = known_to_entra(portal.town.tenant, *devices)
    portal.town.started(GEOGEBRA, owner=group)
    portal.write()
    group.refresh_from_db()
    KeptGroup.objects.update(created_at=timezone.now() - timedelta(hours=1))
    portal.settle()
    former = group.entra_group_id
    portal.somebody(group_id=str(former), delete=True)
    portal.read_twice("groups")
    item = portal.item
    assert item.kind == "group_gone"

    change_set = reverting(portal, item)
    assert [new["nickname"] for new in change_set.plan["groups"]] == [f"terminsklar-class-{group.pk}"]
    carried_out(portal, change_set)
    Operation.objects.open().update(not_before=None)
    portal.write()

    group.refresh_from_db()
    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert group.entra_group_id != former
    assert members(portal.town.tenant, group.entra_group_id) == set(objects)
    aimed = keys(portal, GEOGEBRA)
    assert f"group:{group.entra_group_id}:required" in aimed
    assert f"group:{former}:required" not in aimed
    portal.read_twice("groups", "apps")
    assert portal.items == []


def test_a_schools_group_that_somebody_creates_again_is_assigned_again(portal: Portal):
    decide_gimp(portal)
    portal.settle()
    school = portal.town.schools["GY-RONN"]
    former = school.entra_group_id
    portal.somebody(group_id=str(former), delete=True)
    portal.read_twice("groups")
    item = portal.item
    with pytest.raises(acts.NotPossible):
        acts.revert(item, portal.town.requester, "Av misstag", timezone.now())

    new = create_group(portal, "GY-RONN")
    portal.read_twice("groups")
    school.refresh_from_db()
    assert str(school.entra_group_id) == new
    carried_out(portal, reverting(portal, item))

    assert keys(portal, "GIMP") == {f"group:{new}:required"}
    portal.read_twice("groups", "apps")
    item.refresh_from_db()
    assert item.resolution == "reverted"


def create_group(portal: Portal, tag: str) -> str:
    """In Entra, by somebody, with the rule of a school's group."""
    sandbox = portal.town.tenant.sandbox
    body = {
        "displayName": tag,
        "mailNickname": f"ny-{tag.lower()}",
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": f'(device.devicePhysicalIds -any (_ -eq "[OrderID]:{tag}"))',
        "membershipRuleProcessingState": "On",
    }
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    answer = sandbox.session.post(f"{sandbox.url}/v1.0/groups", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


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
