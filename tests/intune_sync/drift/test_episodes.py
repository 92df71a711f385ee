"""A difference is open once; one that returns is another episode; ignoring it has an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from intune_sync.drift import acts
from intune_sync.models import DriftItem
from schools.models import AuditEvent, Notification
from tests import factories
from tests.intune_sync.drift.foreign import Portal
from tests.pushing import Tenant

pytestmark = pytest.mark.django_db


def seed(portal: Portal) -> DriftItem:
    gimp(portal, [portal.to_school("GY-RONN")])
    portal.read("apps")
    return portal.item


def gimp(portal: Portal, raws: list[dict[str, object]]) -> None:
    portal.somebody(app_id=portal.town.tenant.app_id("GIMP"), assignments=raws)


def test_one_that_returns_is_a_new_episode(portal: Portal):
    first = seed(portal)
    gimp(portal, [])
    portal.read("apps")
    first.refresh_from_db()
    assert (first.resolution, portal.items) == ("gone", [])

    second = seed(portal)

    assert (second.episode, second.key) == (2, first.key)
    acts = AuditEvent.objects.filter(object_type="intune_sync.syncrun").order_by("id").values_list("act", flat=True)
    assert list(acts)[-3:] == ["drift.found", "drift.over", "drift.found"]


def test_the_database_keeps_one_open_item_for_a_difference(portal: Portal):
    item = seed(portal)

    with pytest.raises(IntegrityError, match="difference_is_open_once"), transaction.atomic():
        DriftItem.objects.create(
            kind=item.kind, key=item.key, episode=9, name="x", since=item.since, last_seen_at=item.since
        )


def test_ignoring_lasts_until_its_day_is_over_and_then_it_is_told_again(portal: Portal):
    item, by, today = seed(portal), portal.town.requester, timezone.localdate()
    acts.ignore(item, by, "Provas i en klass", today, timezone.now())
    portal.read("apps")
    assert list(DriftItem.objects.waiting(today).filter(pk=item.pk)) == []
    Notification.objects.all().delete()

    DriftItem.objects.filter(pk=item.pk).update(ignored_until=today - timedelta(days=1))
    portal.read("apps")

    item.refresh_from_db()
    assert (item.ignored_until, item.ignored_reason, item.resolved_at) == (None, "", None)
    assert DriftItem.objects.waiting(today).filter(pk=item.pk).exists()
    assert Notification.objects.filter(user=by, kind="drift.found").count() == 1


@pytest.mark.parametrize("days", [-1, 400])
def test_ignoring_needs_a_day_within_a_year(days: int):
    item = factories.drift_item()

    with pytest.raises(ValidationError):
        acts.ignore(
            item, factories.person("it_admin"), "Provas", timezone.localdate() + timedelta(days), timezone.now()
        )


def test_every_act_wants_a_reason():
    item, by, now = factories.drift_item(), factories.person("it_admin"), timezone.now()

    for act in (acts.adopt, acts.revert):
        with pytest.raises(ValidationError):
            act(item, by, " ", now)
    with pytest.raises(ValidationError):
        acts.ignore(item, by, "", timezone.localdate(), now)


def test_what_is_over_cannot_be_acted_on():
    item = factories.drift_item(resolved_at=timezone.now(), resolution="gone")

    with pytest.raises(acts.OverAlready):
        acts.ignore(item, factories.person("it_admin"), "Provas", timezone.localdate(), timezone.now())


def test_an_audit_log_that_cannot_be_read_holds_nothing_up(portal: Portal, tenant: Tenant):
    tenant.fault("status", "GET", "/auditEvents", status=403)

    item = seed(portal)

    assert (item.acted_by, item.log_read_at) == ("", None)
    tenant.heal()
    portal.read("apps")
    item.refresh_from_db()
    assert item.acted_by
    asked = tenant.calls(method="GET", path_contains="/auditEvents")
    portal.read("apps")
    assert tenant.calls(method="GET", path_contains="/auditEvents") == asked
