import gzip

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import BaselineEntry, BaselineRevision, ChangeSet
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def signed_in(client: Client, role: str, school=None) -> Client:
    client.force_login(make.person(role, school))
    client.cookies["django_language"] = "en"
    return client


def get(client: Client, name: str, *args: object, **query: str):
    return client.get(reverse(f"deployments:{name}", args=args), query)


def a_school_with_software(computers: int = 1):
    """A school whose form requires GeoGebra, with reports from its computers."""
    school = make.school("Rönnskolan")
    version = make.app_version(make.application("GeoGebra"), "6.0")
    revision = make.revision("active", decided_by=make.person("it_admin", username="bo"), decided_at=NOW)
    entry = make.entry(revision, school.school_form, version.application)
    for _ in range(computers):
        make.install_status(make.device(school), version)
    return school, version, revision, entry


def test_device_page_says_why_an_app_is_there_and_when_it_came(client: Client) -> None:
    school, _version, revision, _entry = a_school_with_software()
    device = school.devices.get()

    text = get(signed_in(client, "it_admin"), "device", device.pk).content.decode()

    assert "GeoGebra" in text
    assert "Upper secondary school" in text
    assert f"{revision}</a>, approved by Bo on" in text
    assert "GeoGebra 6.0 was installed." in text


def test_device_page_names_overruled_entries(client: Client) -> None:
    school, version, revision, _entry = a_school_with_software()
    make.entry(revision, school, version.application, "available")

    text = get(signed_in(client, "it_admin"), "device", school.devices.get().pk).content.decode()

    assert "Overrules Upper secondary school, which says “Required”." in text


def test_device_page_tells_that_a_platform_has_no_version(client: Client) -> None:
    school, *_ = a_school_with_software(0)
    mac = make.device(school, hardware_model=make.hardware_model("MacBook Air", platform="macos"))

    assert "There is none for macOS" in get(signed_in(client, "it_admin"), "device", mac.pk).content.decode()


def test_entry_that_reaches_no_group_is_not_said_to_be_on_its_way(client: Client) -> None:
    _school, version, revision, _entry = a_school_with_software(0)
    school = make.school("Sjöskolan", entra_group_id=None)
    device = make.device(school)
    make.entry(revision, school, version.application, "available")

    text = get(signed_in(client, "it_admin"), "device", device.pk).content.decode()

    assert "Intune cannot carry it out" in text
    assert "This container has no Entra group" in text


def test_silent_computer_is_not_said_to_have_the_app(client: Client) -> None:
    school, *_ = a_school_with_software(0)
    device = make.device(school, last_check_in_at=None)

    text = get(signed_in(client, "it_admin"), "device", device.pk).content.decode()

    assert "Waiting for the computer" in text
    assert "0 of its 1 application is in place." in text


def test_name_with_markup_is_shown_as_text(client: Client) -> None:
    device = make.device(make.school(), observed_name="<b>PC</b>")

    assert "<b>PC</b>" not in get(signed_in(client, "it_admin"), "device", device.pk).content.decode()


def test_another_schools_computer_does_not_exist(client: Client) -> None:
    theirs = make.device(make.school())
    signed_in(client, "school_it", make.school())

    assert get(client, "device", theirs.pk).status_code == 404
    assert get(client, "school", theirs.school_id).status_code == 404


def test_school_page_counts_only_what_its_people_may_see(client: Client) -> None:
    school, *_ = a_school_with_software(3)
    make.device(make.school())

    text = get(signed_in(client, "school_it", school), "school", school.pk).content.decode()

    assert "The school has 3 computers" in text or "3 of the school's 3 computers" in text
    assert f"?school={school.pk}" in text


def test_teacher_sees_software_and_no_computers(client: Client) -> None:
    school, *_ = a_school_with_software(3)

    text = get(signed_in(client, "teacher", school), "school", school.pk).content.decode()

    assert "GeoGebra" in text
    assert "/devices/" not in text


def test_school_list_shows_share_of_software_in_place(client: Client) -> None:
    _school, version, *_ = a_school_with_software(3)
    make.install_status(make.device(make.school("Rönnskolan östra")), version, "failed")

    text = get(signed_in(client, "it_admin"), "school_list").content.decode()

    assert "100 % (3 of 3)" in text
    assert "0 % (0 of 1)" in text


def test_school_list_is_searched(client: Client) -> None:
    make.school("Almskolan")
    make.school("Björkskolan")

    text = get(signed_in(client, "it_admin"), "school_list", q="björk").content.decode()

    assert "Björkskolan" in text
    assert "Almskolan" not in text


def test_application_page_names_the_model_that_fails(client: Client) -> None:
    school, version, *_ = a_school_with_software(10)
    bad = make.hardware_model("TravelMate B3")
    for state in ["failed"] * 6 + ["installed"] * 2:
        make.install_status(make.device(school, hardware_model=bad), version, state)

    text = get(signed_in(client, "it_admin"), "application", version.application.pk).content.decode()

    assert "The application fails most often on Dell Inc. TravelMate B3: 6 of 8 attempts." in text


def test_school_staff_see_no_other_schools_container(client: Client) -> None:
    mine, version, revision, _entry = a_school_with_software()
    other = make.school("Hemliga skolan")
    make.entry(revision, other, version.application, "available")
    signed_in(client, "school_it", mine)

    pages = [get(client, "revision", revision.pk), get(client, "baseline", revision.baseline_id)]
    pages += [get(client, "application", version.application.pk), get(client, "application_list")]

    assert all(page.status_code == 200 and "Hemliga skolan" not in page.content.decode() for page in pages)
    assert get(client, "container", make.profile(other).pk).status_code == 404


def test_drafts_are_for_those_who_prepare_decisions(client: Client) -> None:
    draft, school = make.revision(), make.school()

    assert get(signed_in(client, "teacher", school), "revision", draft.pk).status_code == 404
    assert get(signed_in(client, "committee"), "revision", draft.pk).status_code == 200


def test_draft_is_edited_and_proposed_without_script(client: Client) -> None:
    school, version, revision, _entry = a_school_with_software()
    signed_in(client, "it_admin")

    client.post(reverse("deployments:start_draft", args=[revision.baseline_id]))
    draft = BaselineRevision.objects.get(status="draft")
    form = {"container": f"school:{school.pk}", "application": version.application.pk, "decision": "remove"}
    added = client.post(reverse("deployments:add_entry", args=[draft.pk]), form)
    proposed = client.post(reverse("deployments:propose", args=[draft.pk]), {"reason": "Ryms inte"})

    assert added.url == draft.get_absolute_url()
    assert proposed.status_code == 302
    assert ChangeSet.objects.get().reason == "Ryms inte"
    assert BaselineEntry.objects.filter(revision=draft, action="remove").count() == 1


def test_refused_entry_says_why_beside_the_field(client: Client) -> None:
    draft, version = make.revision(), make.app_version(app_type="webApp")
    form = {
        "container": f"municipality:{make.municipality().pk}",
        "application": version.application.pk,
        "decision": "available",
    }

    page = signed_in(client, "it_admin").post(reverse("deployments:add_entry", args=[draft.pk]), form)

    assert page.status_code == 400
    assert "Win32" in page.context["form"].errors["decision"][0]


def test_entry_is_changed_and_dropped(client: Client) -> None:
    draft, version = make.revision(), make.app_version()
    entry = make.entry(draft, make.municipality(), version.application)
    signed_in(client, "it_admin")

    client.post(reverse("deployments:change_entry", args=[draft.pk, entry.pk]), {"decision": "available"})
    entry.refresh_from_db()
    client.post(reverse("deployments:drop_entry", args=[draft.pk, entry.pk]))

    assert entry.intent == "available"
    assert not draft.entries.exists()


def test_entry_of_an_active_revision_is_not_changed(client: Client) -> None:
    *_, revision, entry = a_school_with_software()

    answer = signed_in(client, "it_admin").post(
        reverse("deployments:change_entry", args=[revision.pk, entry.pk]), {"decision": "available"}, follow=True
    )

    assert "This cannot be done now: the state is “Active”." in answer.content.decode()


def test_draft_leads_to_the_vetting_card_of_what_is_new(client: Client) -> None:
    *_, revision, _entry = a_school_with_software()
    draft, krita = make.revision(based_on=revision), make.application("Krita")
    make.entry(draft, make.municipality(), krita)

    page = get(signed_in(client, "it_admin"), "revision", draft.pk).content.decode()

    assert reverse("deployments:vetting_card", args=[krita.pk]) in page
    assert reverse("deployments:propose", args=[draft.pk]) not in page


@pytest.mark.parametrize("role", ["auditor", "committee"])
def test_who_reads_drafts_does_not_edit_them(client: Client, role: str) -> None:
    draft = make.revision()
    signed_in(client, role)

    for name in ("add_entry", "propose", "discard_draft", "bring_up_to_date"):
        assert client.post(reverse(f"deployments:{name}", args=[draft.pk])).status_code == 403


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("school_list", 8),
        ("application_list", 8),
        ("baseline_list", 8),
        ("school", 13),
        ("application", 10),
        ("baseline", 10),
        ("revision", 10),
        ("container", 10),
        ("device", 10),
        ("add_entry", 10),
    ],
)
def test_queries_do_not_grow_with_rows(client: Client, name: str, most: int, django_assert_max_num_queries) -> None:
    school, version, revision, entry = a_school_with_software(1)
    draft = make.revision(based_on=revision)
    keys = {
        "school": school.pk,
        "application": version.application.pk,
        "baseline": revision.baseline_id,
        "revision": revision.pk,
        "container": entry.profile_id,
        "device": school.devices.first().pk,
        "add_entry": draft.pk,
    }
    signed_in(client, "it_admin")

    few = queries_of(client, name, keys.get(name), django_assert_max_num_queries, most)
    for n in range(20):
        more = make.app_version(make.application(f"App {n}"))
        make.entry(revision, make.school(), more.application)
        make.entry(revision, school, more.application)
        make.install_status(school.devices.first(), more)
        change = make.assignment_change(make.change_set("abandoned", revision=make.revision("decided")), more)
        make.change_target(change, school.devices.first())

    assert queries_of(client, name, keys.get(name), django_assert_max_num_queries, most) == few


def queries_of(client: Client, name: str, key: int | None, limit, most: int) -> int:
    cache.clear()
    with limit(most) as queries:
        page = get(client, name, *([key] if key else []))
    assert page.status_code == 200
    return len(queries)


def test_figures_of_the_school_list_lead_to_the_lists_they_count(client: Client) -> None:
    school = make.school()
    make.device(school, compliance_state="noncompliant", last_check_in_at=timezone.now())
    signed_in(client, "it_admin")

    (row,) = get(client, "school_list").context["rows"]

    (figure,) = row.worth_a_look
    assert figure.value == 1
    assert client.get(figure.href).context["count"] == 1


def test_page_of_fifty_schools_stays_light(client: Client) -> None:
    for n in range(50):
        school = make.school(f"Skolan med ett ganska långt namn nummer {n}")
        make.device(school, compliance_state="noncompliant")
    signed_in(client, "it_admin")

    body = get(client, "school_list").content

    assert len(body) <= 80_000
    assert len(gzip.compress(body)) <= 15_000
