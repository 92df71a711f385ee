import pytest

from deployments.models import AppVersion, BaselineEntry, BaselineRevision
from intune_sync import graph, services
from intune_sync.models import IntuneApp, OwnedAssignment
from intune_sync.payloads import assignment_key
from intune_sync.push.snapshot import fresh_plan
from intune_sync.services.adopt import NotForComputers
from schools.models import AuditEvent
from tests import factories
from tests.pushing import GEOGEBRA, Town, active_revision


def test_taking_over_leaves_nothing_to_write(town: Town):
    with graph.client() as client:
        made = fresh_plan(active_revision(), client)

    assert made.plan.changes == []
    assert [notice.code for notice in made.plan.notices if notice.blocking] == []
    assert town.tenant.writes() == []


def test_whole_groups_that_we_know_become_entries(town: Town):
    entries = BaselineEntry.objects.filter(revision=active_revision(), profile__school_form=town.gymnasium)

    assert set(entries.values_list("application__name", "action", "intent")) == {
        ("Safe Exam Browser", "add", "required"),
    }


def test_foreign_groups_and_filters_stay_foreign(town: Town):
    owned = set(OwnedAssignment.objects.values_list("key", flat=True))
    [theirs] = town.tenant.assignments(GEOGEBRA)

    assert assignment_key(theirs) not in owned
    assert not AppVersion.objects.filter(intune_app_id=town.tenant.app_id(GEOGEBRA)).exists()


def test_taking_over_is_in_the_audit_trail(town: Town):
    event = AuditEvent.objects.get(act="baseline.adopted")

    assert event.actor == town.requester
    assert event.after["assignments"] == OwnedAssignment.objects.count()


def test_taking_over_twice_is_refused(town: Town):
    with pytest.raises(services.AlreadyAdopted):
        services.adopt_current_state(factories.semester("HT"), town.requester)

    assert BaselineRevision.objects.count() == 1


def test_app_joins_the_application_of_the_same_name(db: None):
    known = factories.application("GeoGebra")
    app = factories.intune_app("geogebra", app_type="macOSPkgApp", version="6.0")

    version = services.adopt_app(app, factories.person("it_admin"))

    assert (version.application, version.platform, version.version) == (known, "macos", "6.0")


def test_app_that_is_in_the_catalogue_stays_as_it_is(db: None):
    app, by = factories.intune_app("GIMP"), factories.person("it_admin")

    assert services.adopt_app(app, by) == services.adopt_app(app, by)
    assert AuditEvent.objects.filter(act="app.adopted").count() == 1


def test_app_for_phones_is_refused(db: None):
    app = factories.intune_app("Quizlet", app_type="iosStoreApp")

    with pytest.raises(NotForComputers):
        services.adopt_app(app, factories.person("it_admin"))

    assert not IntuneApp.objects.exclude(pk=app.pk).exists()
