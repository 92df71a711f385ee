from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from deployments.models import ChangeSet, ChangeTarget
from intune_sync.models import IntuneApp, Operation
from intune_sync.payloads import assignment_for
from intune_sync.push import apply
from tests import factories
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Town, build_town

LATER = NOW + timedelta(hours=1)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def page(client: Client, change_set: ChangeSet, **options) -> str:
    answer = client.get(change_set.get_absolute_url(), **options)
    assert answer.status_code == 200
    return answer.content.decode()


def step(client: Client, change_set: ChangeSet, name: str, **data) -> str:
    answer = client.post(reverse(f"intune_sync:{name}_change_set", args=[change_set.pk]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_preview_says_what_happens_to_how_many(town: Town):
    shown = page(signed_in(town.requester), town.plan(town.propose(GEOGEBRA)))

    assert "GeoGebra Klassisk 6 6.0.848 becomes required on 9 computers at 3 schools." in shown
    assert f"/beta/deviceAppManagement/mobileApps/{town.tenant.app_id(GEOGEBRA)}/assign" in shown
    for tag in ("Gy-Ronn", "Gy-Tekn", "Gy-Aker"):
        assert tag in shown


def test_the_requester_is_told_why_there_is_no_approve_button(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))

    own, others = page(signed_in(town.requester), change_set), page(signed_in(town.approver), change_set)

    approve = reverse("intune_sync:approve_change_set", args=[change_set.pk])
    assert approve not in own
    assert "you cannot approve it yourself" in own
    assert approve in others
    assert "Approve for 9 computers" in others


def test_the_whole_way_by_buttons(town: Town):
    change_set = town.propose(GEOGEBRA)
    requester, approver = signed_in(town.requester), signed_in(town.approver)

    step(requester, change_set, "plan")
    change_set.refresh_from_db()
    step(approver, change_set, "approve", plan_hash=change_set.plan_hash)
    step(requester, change_set, "apply")
    apply.work(NOW)

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert "Everything is confirmed in Intune" in page(requester, change_set)


def test_a_second_click_on_write_makes_no_second_set_of_operations(town: Town):
    change_set = town.approved(GEOGEBRA)
    client = signed_in(town.requester)

    step(client, change_set, "apply")
    said = step(client, change_set, "apply")

    assert "This cannot be done now" in said
    assert Operation.objects.count() == 1


def test_approving_a_plan_that_is_no_longer_the_one_on_the_page_is_refused(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))

    said = step(signed_in(town.approver), change_set, "approve", plan_hash="another")

    assert "The plan has changed since you looked at it." in said
    assert ChangeSet.objects.get().status == "planned"


def test_a_stale_plan_is_refused_with_what_changed(town: Town):
    change_set = town.approved(GEOGEBRA)
    town.tenant.somebody_adds(
        GEOGEBRA, assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    )

    said = step(signed_in(town.requester), change_set, "apply")

    assert "Somebody has changed who is assigned GeoGebra Klassisk 6 6.0.848 in Intune." in said
    assert ChangeSet.objects.get().status == "planned"


def test_an_intune_that_does_not_answer_is_told_in_words(town: Town):
    change_set = town.propose(GEOGEBRA)
    town.tenant.fault("status", method="POST", path="$batch", status=503, count=-1)

    said = step(signed_in(town.requester), change_set, "plan")

    assert "Intune does not answer at the moment. Nothing was changed" in said


def test_refusing_needs_a_reason_and_gives_the_draft_back(town: Town):
    change_set = town.plan(town.propose(GEOGEBRA))
    client = signed_in(town.approver)

    step(client, change_set, "reject", reason=" ")
    assert ChangeSet.objects.get().status == "planned"
    step(client, change_set, "reject", reason="Fel skolform")

    assert ChangeSet.objects.get().status == "rejected"
    assert ChangeSet.objects.get().revision.status == "draft"


def test_a_conflict_is_told_before_anybody_approves(town: Town):
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.gymnasium.entra_group_id, "uninstall"))

    shown = page(signed_in(town.requester), town.plan(town.propose(GEOGEBRA, "GIMP")))

    assert "is left as it is: somebody has assigned it in Intune as “Uninstall”" in shown


def test_progress_is_asked_for_while_writing_and_not_after(town: Town):
    change_set = town.started(GEOGEBRA)
    client = signed_in(town.requester)

    writing = page(client, change_set)
    town.tenant.fault("status", status=400)
    apply.work(NOW)
    ended = page(client, change_set)

    assert 'hx-trigger="every 3s"' in writing
    assert "Waiting for its turn" in writing
    assert "hx-trigger" not in ended
    assert "Intune refused the change." in ended
    assert "Try again what failed" in ended


def test_the_live_part_fetches_the_whole_page_when_the_state_has_changed(town: Town):
    change_set = town.started(GEOGEBRA)
    client = signed_in(town.requester)
    url = f"{change_set.get_absolute_url()}?seen=applying"

    before = client.get(url, headers={"HX-Request": "true"})
    apply.work(NOW)
    after = client.get(url, headers={"HX-Request": "true"})

    assert "HX-Refresh" not in before
    assert "<html" not in before.content.decode()
    assert after["HX-Refresh"] == "true"


def test_progress_counts_and_the_lists_under_them_agree(town: Town):
    change_set = town.started(GEOGEBRA)
    apply.work(NOW)
    first = ChangeTarget.objects.order_by("device").first()
    factories.install_status(first.device, first.change.app_version)
    client = signed_in(town.requester)

    shown = page(client, change_set)
    listed = client.get(reverse("intune_sync:change_set_devices", args=[change_set.pk]), {"status": "installed"})

    assert "1 of 9 computers done" in shown
    assert listed.context["count"] == 1
    assert str(first.device) in listed.content.decode()


def test_a_change_of_two_apps_counts_computers_and_not_apps(town: Town):
    change_set = town.started(GEOGEBRA, "GIMP")
    apply.work(NOW)
    school = town.schools["GY-RONN"]
    first = ChangeTarget.objects.filter(device__school=school).order_by("device").first()
    factories.install_status(first.device, first.change.app_version)
    client = signed_in(town.requester)
    devices = reverse("intune_sync:change_set_devices", args=[change_set.pk])

    shown = page(client, change_set)
    there = client.get(devices, {"school": school.pk, "status": "waiting_for_device"})

    assert "0 of 9 computers done" in shown
    assert f'?school={school.pk}&amp;status=waiting_for_device">3</a>' in shown
    assert there.context["count"] == len(there.context["rows"]) == 3
    assert "GIMP" in there.content.decode()


def test_school_people_see_their_share_alone(town: Town):
    change_set = town.started(GEOGEBRA)
    school = town.schools["GY-RONN"]
    client = signed_in(factories.person("school_it", school))
    mine, other = (ChangeTarget.objects.filter(device__school=s) for s in (school, town.schools["GY-TEKN"]))

    shown = page(client, change_set)
    listed = client.get(reverse("intune_sync:change_set_devices", args=[change_set.pk])).content.decode()

    assert "becomes required on 3 computers at 1 school." in shown
    for hidden in ("Gy-Tekn", "/beta/", "mobileAppAssignments", "Waiting for its turn"):
        assert hidden not in shown
    assert all(str(target.device) in listed for target in mine)
    assert not any(str(target.device) in listed for target in other)


def test_another_schools_filter_narrows_nothing_and_tells_nothing(town: Town):
    change_set = town.started(GEOGEBRA)
    client = signed_in(factories.person("school_it", town.schools["GY-RONN"]))
    url = reverse("intune_sync:change_set_devices", args=[change_set.pk])

    answer = client.get(url, {"school": town.schools["GY-TEKN"].pk})

    assert answer.context["count"] == 3
    assert "Gy-Tekn" not in answer.content.decode()


def test_a_change_that_does_not_concern_a_school_does_not_exist_for_it(town: Town):
    change_set = town.started(GEOGEBRA)
    client = signed_in(factories.person("school_it", town.schools["AG-FURU"]))

    assert client.get(change_set.get_absolute_url()).status_code == 404
    assert client.post(reverse("intune_sync:apply_change_set", args=[change_set.pk])).status_code == 404


def test_school_people_may_look_but_not_act(town: Town):
    change_set = town.started(GEOGEBRA)
    client = signed_in(factories.person("school_it", town.schools["GY-RONN"]))

    for name in ("plan", "approve", "reject", "cancel", "apply", "retry", "abandon"):
        answer = client.post(reverse(f"intune_sync:{name}_change_set", args=[change_set.pk]))
        assert answer.status_code == 403


@pytest.mark.parametrize("name", ["plan", "approve", "reject", "cancel", "apply", "retry", "abandon"])
def test_steps_are_taken_by_post_alone(town: Town, name: str):
    change_set = town.started(GEOGEBRA)

    answer = signed_in(town.requester).get(reverse(f"intune_sync:{name}_change_set", args=[change_set.pk]))

    assert answer.status_code == 405


def test_the_list_shows_what_it_counts(town: Town):
    town.started(GEOGEBRA)
    client = signed_in(town.requester)

    shown = client.get(reverse("intune_sync:change_set_list")).content.decode()
    assert ">9</a>" in shown
    none = client.get(reverse("intune_sync:change_set_list"), {"status": "failed"}).content.decode()

    assert "A change is being written to Intune right now." in shown
    assert "No change is in that state." in none


def test_app_is_linked_to_an_application_of_another_name(db, client: Client):
    application = factories.application("GeoGebra")
    app = factories.intune_app("GeoGebra Klassisk 6")
    client.force_login(factories.person("it_admin"))

    client.post(reverse("intune_sync:adopt_app", args=[app.pk]), {"name": " geogebra "})

    assert application.versions.get().intune_app_id == app.graph_id


def test_apps_of_intune_can_be_put_into_the_catalogue(town: Town):
    client = signed_in(town.requester)
    app = IntuneApp.objects.get(display_name="GIMP")

    shown = client.get(reverse("intune_sync:app_list"), {"show": "new", "q": "gim"}).content.decode()
    answer = client.post(reverse("intune_sync:adopt_app", args=[app.pk]))

    assert "GIMP" in shown
    assert "Inkscape" not in shown
    assert answer.status_code == 302
    assert town.version("GIMP").application.name == "GIMP"


def test_only_an_it_administrator_puts_apps_into_the_catalogue(town: Town):
    client = signed_in(factories.person("auditor"))
    app = IntuneApp.objects.get(display_name="GIMP")

    assert client.get(reverse("intune_sync:app_list")).status_code == 200
    assert client.post(reverse("intune_sync:adopt_app", args=[app.pk])).status_code == 403


@pytest.mark.parametrize("devices", [3, 30])
def test_queries_do_not_grow_with_computers(tenant, db, django_assert_max_num_queries, devices: int):
    town = build_town(tenant, devices_per_school=devices)
    change_set = town.started(GEOGEBRA, "GIMP")
    client = signed_in(town.requester)
    page(client, change_set)

    with django_assert_max_num_queries(10):
        page(client, change_set)
    with django_assert_max_num_queries(8):
        client.get(reverse("intune_sync:change_set_list"))
    with django_assert_max_num_queries(8):
        client.get(reverse("intune_sync:change_set_devices", args=[change_set.pk]))
    with django_assert_max_num_queries(8):
        client.get(reverse("intune_sync:app_list"))
