import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from deployments.models import ChangeSet
from intune_sync.payloads import assignment_for
from tests.pushing import GEOGEBRA, Town


def run(name: str, *args: object) -> tuple[int, str]:
    """Exit status and output."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(name, *map(str, args), stdout=out)
    return int(ended.value.code or 0), out.getvalue()


def test_plan_without_a_change_shows_that_intune_has_what_was_decided(town: Town):
    status, shown = run("plan")

    assert status == 0
    assert "Nothing has to be written" in shown


def test_plan_without_a_change_shows_drift(town: Town):
    town.tenant.somebody_replaces("Safe Exam Browser", [])

    status, shown = run("plan", "--json")

    drift = json.loads(shown)
    assert status == 1
    assert [change["name"] for change in drift["changes"]] == ["Safe Exam Browser 3.8.0"]
    assert town.tenant.writes() == []


def test_plan_of_a_change_is_kept(town: Town):
    change_set = town.propose(GEOGEBRA)

    status, shown = run("plan", change_set.pk)

    change_set.refresh_from_db()
    assert status == 1
    assert f"plan {change_set.plan_hash}" in shown
    assert change_set.status == "planned"


def test_apply_writes_an_approved_change_to_its_end(town: Town):
    change_set = town.approved(GEOGEBRA, "GIMP")

    status, shown = run("apply", change_set.pk, "--json")

    ended = json.loads(shown)
    assert (status, ended["status"]) == (0, "applied")
    assert {operation["status"] for operation in ended["operations"]} == {"verified"}
    assert len(town.tenant.writes()) == 2


def test_apply_says_by_its_exit_status_that_something_failed(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.fault("status", status=400)

    status, shown = run("apply", change_set.pk)

    assert status == 1
    assert "Intune refused the change. The service could not complete the request." in shown


def test_apply_refuses_what_is_not_approved(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))

    with pytest.raises(CommandError) as refused:
        call_command("apply", str(change_set.pk))

    assert refused.value.returncode == 2
    assert town.tenant.writes() == []


def test_apply_refuses_a_stale_plan_and_says_what_changed(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.somebody_adds(
        GEOGEBRA, assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    )

    with pytest.raises(CommandError, match="Somebody has changed who is assigned GeoGebra"):
        call_command("apply", str(change_set.pk))

    assert ChangeSet.objects.get().status == "planned"
