import pytest
from django.test import Client

from intune_sync.models import IntuneAssignment
from tests import factories as make

pytestmark = pytest.mark.django_db


def assigned(name: str):
    app = make.intune_app(name)
    IntuneAssignment.objects.create(app=app, graph_id=name, key=name, intent="required", raw={})
    return app


def test_apps_that_intune_assigns_and_the_baseline_does_not_speak_of_are_listed(client: Client) -> None:
    assigned("Utanför")
    make.intune_app("Ingen har den")
    known = assigned("Beslutad")
    version = make.app_version(intune_app_id=known.graph_id)
    make.entry(make.revision("active"), make.municipality(), version.application)
    client.force_login(make.person("auditor"))

    page = client.get("/intune/apps/", {"show": "uncovered"})

    assert [app.display_name for app, *_ in page.context["rows"]] == ["Utanför"]
    assert page.context["counts"]["uncovered"] == 1


def test_app_decided_by_a_revision_no_longer_in_force_is_uncovered(client: Client) -> None:
    app = assigned("Förr")
    version = make.app_version(intune_app_id=app.graph_id)
    make.entry(make.revision("superseded"), make.municipality(), version.application)
    client.force_login(make.person("it_admin"))

    assert client.get("/intune/apps/", {"show": "uncovered"}).context["counts"]["uncovered"] == 1
