"""Roll-outs through the ledger and the sandbox: at each step every computer has what it had or what was decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from deployments.models import AppVersion, BaselineEntry, BaselineRevision, ChangeSet, ChangeTarget, RingGroup, Rollout
from deployments.services import changes, drafts, rollouts
from deployments.services.profiles import profile_of
from deployments.services.rollouts import Settings
from deployments.targets import INTENT_PRECEDENCE
from fleet.models import Device
from intune_sync import services
from intune_sync.models import IntuneApp
from intune_sync.payloads import assignment_key
from intune_sync.payloads.aims import group_of, intent_of, is_exclusion
from intune_sync.push import apply, ledger, reconcile, rings
from schools.models import Municipality, SchoolForm
from tests import factories
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import directory, groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Tenant, Town

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def town(town: Town) -> Town:
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    return town


def planned(town: Town, change_set: ChangeSet, *shares: int, **how: Any) -> Rollout:
    how = {"shares": shares or (30, 60, 100), "least_per_model": 1, "soak_hours": 0, "gate": "by_hand", **how}
    return rollouts.plan_rollout(change_set, Settings(**how), by=town.requester, now=NOW)


def start(town: Town, rollout: Rollout) -> Rollout:
    return rollouts.start(rollout, by=town.requester, now=NOW, put_in_force=services.put_in_force)


def carry(rollout: Rollout, now: datetime = NOW) -> Rollout:
    """What the beat, the sweep and the workers do until nothing is left to do now."""
    rollouts.advance(now)
    for _ in range(2):
        work(now)
    rollout.refresh_from_db()
    return rollout


def work(now: datetime = NOW) -> None:
    rings.sweep(now)
    reconcile.sweep(now)
    ledger.sweep(now)
    apply.work(now, most=100)


def let_through(town: Town, rollout: Rollout, now: datetime) -> Rollout:
    rollouts.pass_ring(rollout, by=town.approver, now=now, reason="Prov")
    return carry(rollout, now)


def statuses(rollout: Rollout) -> list[str]:
    return list(rollout.rings.order_by("number").values_list("status", flat=True))


def opened(rollout: Rollout) -> set[int]:
    return set(rollout.members.filter(released_at__isnull=False).values_list("device", flat=True))


Given = dict[int, str | None]


def given(tenant: Tenant, name: str) -> Given:
    """What Intune gives each computer, by the sandbox's lists and the members of its static groups; who is in its
    dynamic ones follows from the schools."""
    raws = tenant.assignments(name)
    inside = {str(group): _members(tenant, str(group)) for raw in raws if (group := group_of(raw))}
    return {device.pk: _intent(device, raws, inside) for device in Device.objects.select_related("school__school_form")}


def _members(tenant: Tenant, group: str) -> set[str] | None:
    """None for a group that a rule fills."""
    found = directory(tenant, f"groups/{group}")
    return None if found.get("groupTypes") else members(tenant, group) if "id" in found else set()


def _intent(device: Device, raws: list[dict[str, Any]], inside: dict[str, set[str] | None]) -> str | None:
    school, everybody = device.school, Municipality.objects.get()
    owners = (school, school.school_form, everybody) if school else (gymnasium_of(device), everybody)
    dynamic = {str(owner.entra_group_id) for owner in owners if owner}
    said: dict[bool, set[str]] = {True: set(), False: set()}
    for raw in raws:
        group = group_of(raw) or ""
        there = inside.get(group)
        if group in dynamic if there is None else str(device.entra_object_id) in there:
            said[is_exclusion(raw)].add(intent_of(raw))
    return next((intent for intent in INTENT_PRECEDENCE if intent in said[False] - said[True]), None)


def gymnasium_of(device: Device) -> SchoolForm | None:
    """Of a computer whose school nobody knows: by the beginning of its group tag."""
    return next(
        (form for form in SchoolForm.objects.all() if device.observed_group_tag.startswith(form.group_tag_prefix)), None
    )


def ring_groups(tenant: Tenant) -> list[str]:
    """Those that this test has left."""
    found = directory(tenant, "groups?$top=500&$select=mailNickname")["value"]
    names = {raw["mailNickname"] for raw in found} - tenant.groups.keys()
    return sorted(name for name in names if name.startswith("terminsklar-ring-"))


def change(town: Town, edit: Callable[[BaselineRevision], object], reason: str = "Ny version") -> ChangeSet:
    """Approved, of a draft that `edit` has changed."""
    draft = drafts.start_draft(town.baseline, town.requester)
    edit(draft)
    return town.approve(town.plan(changes.propose(draft, town.requester, reason)))


def put(town: Town, name: str, owner: Any = None, **what: Any) -> Callable[[BaselineRevision], object]:
    application = vetted(AppVersion.objects.get(intune_app_id=town.tenant.app_id(name)).application)
    profile = profile_of(owner or town.gymnasium)
    return lambda draft: drafts.put_entry(draft, profile, application, by=town.requester, **what)


def drop(town: Town, name: str, owner: Any = None) -> Callable[[BaselineRevision], object]:
    application = AppVersion.objects.get(intune_app_id=town.tenant.app_id(name)).application

    def edit(draft: BaselineRevision) -> None:
        entry = BaselineEntry.objects.get(
            revision=draft, profile=profile_of(owner or town.gymnasium), application=application
        )
        drafts.drop_entry(entry, town.requester)

    return edit


def has(town: Town, name: str, **how: Any) -> None:
    """The upper secondary schools have the app already, written all at once."""
    town.started(name, **how)
    apply.work(NOW, most=100)
    assert set(ChangeSet.objects.values_list("status", flat=True)) == {"applied"}


def newer(town: Town, name: str, of: str) -> AppVersion:
    """Another app of Intune's becomes the newer version of an application."""
    known = IntuneApp.objects.get(graph_id=town.tenant.app_id(name))
    application = AppVersion.objects.get(intune_app_id=town.tenant.app_id(of)).application
    return services.adopt_app(known, town.requester, name=application.name)


def goes_ring_by_ring(town: Town, rollout: Rollout, *names: str) -> None:
    """Carries the roll-out through and asks after each ring: opened computers have what was decided, all others what
    they had. Of the last stage the change's own targets say what was decided."""
    had = {name: given(town.tenant, name) for name in names}
    effects = {
        name: dict(
            ChangeTarget.objects.filter(
                change__change_set=rollout.change_set_id, change__app_version__intune_app_id=town.tenant.app_id(name)
            ).values_list("device", "effect")
        )
        for name in names
    }
    intents = {"install": "required", "offer": "available", "uninstall": "uninstall", "release": None}
    now = NOW
    carry(rollout, now)
    while True:
        for name in names:
            for device, got in given(town.tenant, name).items():
                is_open = device in opened(rollout) and device in effects[name]
                assert got == (intents[effects[name][device]] if is_open else had[name][device]), (name, device)
        if rollout.status == "done":
            break
        assert rollout.rings.filter(status="open").exists()
        now += HOUR
        let_through(town, rollout, now)
    assert ring_groups(town.tenant) == []
    assert rollout.change_set.status == "applied"


def test_a_new_app_reaches_ring_after_ring_and_leaves_nothing_of_the_rings(town: Town):
    [foreign] = town.tenant.assignments(GEOGEBRA)
    rollout = start(town, planned(town, town.approved(GEOGEBRA), 50, 100))
    assert (rollout.status, town.tenant.writes()) == ("running", [])

    goes_ring_by_ring(town, rollout, GEOGEBRA)

    after = town.tenant.assignments(GEOGEBRA)
    wanted = f"group:{town.gymnasium.entra_group_id}:required"
    assert {assignment_key(raw) for raw in after} == {assignment_key(foreign), wanted}
    assert foreign in after
    assert len(town.tenant.writes(GEOGEBRA)) == 2


def test_a_new_version_takes_the_place_of_the_old_ring_by_ring(town: Town):
    has(town, "GIMP")
    new = newer(town, "Inkscape", of="GIMP")

    rollout = start(town, planned(town, change(town, put(town, "GIMP", intent="required", version=new))))

    goes_ring_by_ring(town, rollout, "GIMP", "Inkscape")
    assert set(given(town.tenant, "GIMP").values()) <= {None}
    group = RingGroup.objects.filter(ring__number=1).get()
    assert sorted(group.uses.values_list("change__app_version__intune_app_id", "exclude")) == sorted(
        [
            (new.intune_app_id, False),
            (AppVersion.objects.exclude(pk=new.pk).get(application=new.application).intune_app_id, True),
        ]
    )


def test_an_app_is_taken_away_ring_by_ring(town: Town):
    has(town, GEOGEBRA)

    rollout = start(town, planned(town, change(town, drop(town, GEOGEBRA))))

    goes_ring_by_ring(town, rollout, GEOGEBRA)


@pytest.mark.parametrize(
    ("before", "after"), [("required", "available"), ("available", "required"), ("required", "uninstall")]
)
def test_an_intent_changes_ring_by_ring(town: Town, before: str, after: str):
    has(town, "GIMP", intent=before)

    rollout = start(town, planned(town, change(town, put(town, "GIMP", intent=after)), 50, 100))

    goes_ring_by_ring(town, rollout, "GIMP")


def test_an_exclusion_that_is_lifted_lets_its_computers_in_ring_by_ring(town: Town):
    has(town, "GIMP")
    school = town.schools["GY-RONN"]
    without = change(town, put(town, "GIMP", owner=school, action="remove"))
    services.apply_change_set(without, town.requester, NOW)
    apply.work(NOW, most=100)

    rollout = start(town, planned(town, change(town, drop(town, "GIMP", owner=school)), 40, 100))

    goes_ring_by_ring(town, rollout, "GIMP")


def test_computers_that_no_other_group_names_keep_what_they_had_while_an_exclusion_is_lifted(town: Town):
    """Of those whose school nobody knows only the school form's group knows, and that holds the school that is out."""
    lost = factories.device(None, observed_group_tag=f"{town.gymnasium.group_tag_prefix}-OKAND")
    known_to_entra(town.tenant, *Device.objects.order_by("pk"))
    has(town, "GIMP")
    school = town.schools["GY-RONN"]
    services.apply_change_set(change(town, put(town, "GIMP", owner=school, action="remove")), town.requester, NOW)
    apply.work(NOW, most=100)
    assert given(town.tenant, "GIMP")[lost.pk] == "required"

    rollout = start(town, planned(town, change(town, drop(town, "GIMP", owner=school)), 40, 100))

    assert set(RingGroup.objects.get(ring=None).members.values_list("device", flat=True)) == {lost.pk}
    goes_ring_by_ring(town, rollout, "GIMP")


def test_all_at_once_is_the_final_state_in_one_stage(town: Town):
    rollout = start(town, planned(town, town.approved(GEOGEBRA), strategy="all_at_once", shares=()))

    goes_ring_by_ring(town, rollout, GEOGEBRA)

    assert not RingGroup.objects.exists()
    assert len(town.tenant.writes()) == 1


def test_group_of_a_class_is_made_with_the_last_ring(town: Town):
    group = factories.class_group(town.schools["GY-RONN"], "NA1a")
    Device.objects.filter(school=group.school).update(class_group=group)
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA, owner=group), 50, 100)))
    assert groups_named(town.tenant, f"terminsklar-class-{group.pk}") == []

    let_through(town, rollout, NOW + HOUR)

    assert rollout.status == "done"
    assert len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1
    assert ring_groups(town.tenant) == []
