from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from deployments.catalogue.parity import coverage, gaps, with_choices
from deployments.models import BaselineEntry, Capability
from deployments.rulebook import rules_by_application
from deployments.services.capabilities import put_capability, put_capability_card
from tests import factories as make
from tests.deployments.test_pages import get, signed_in

pytestmark = pytest.mark.django_db


def on(platform: str, name: str):
    return make.app_version(make.application(name), platform=platform).application


def word_processing() -> Capability:
    return make.capability("Ordbehandling", windows=on("windows", "Word"), macos=on("macos", "Pages"))


def mac(school):
    return make.device(school, hardware_model=make.hardware_model("MacBook Air", platform="macos"))


def found_gaps(revision):
    return gaps(coverage(with_choices(Capability.objects.all()), rules_by_application(revision)))


def test_capability_gives_an_entry_for_each_platform() -> None:
    school, draft, capability = make.school(), make.revision("draft"), word_processing()

    put_capability(draft, make.profile(school), capability, intent="required", by=make.person("it_admin"))

    entries = BaselineEntry.objects.filter(revision=draft, capability=capability, intent="required")
    assert set(entries.values_list("application__name", flat=True)) == {"Word", "Pages"}


def test_capability_that_one_platform_cannot_carry_changes_nothing() -> None:
    draft, capability = make.revision("draft"), word_processing()
    capability.choices.get(platform="macos").application.versions.update(app_type="macOSPkgApp")

    with pytest.raises(ValidationError):
        put_capability(draft, make.profile(make.school()), capability, intent="available", by=make.person("it_admin"))

    assert not draft.entries.exists()


def test_removal_takes_away_what_wider_containers_give() -> None:
    school, draft, capability = make.school(), make.revision("draft"), word_processing()
    word = capability.choices.get(platform="windows").application
    make.entry(draft, school.school_form, word)

    put_capability(draft, make.profile(school), capability, action="remove", by=make.person("it_admin"))

    assert [entry.application for entry in draft.entries.filter(action="remove")] == [word]


def test_application_without_a_version_for_the_platform_is_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        put_capability_card(Capability(), "CAD", {"macos": on("windows", "AutoCAD")}, by=make.person("it_admin"))

    assert list(refusal.value.error_dict) == ["macos"]


def test_platform_that_goes_without_is_reported_with_its_computers() -> None:
    school, revision, word = make.school(), make.revision("active"), on("windows", "Word")
    make.capability("Ordbehandling", windows=word)
    make.entry(revision, school.school_form, word)
    make.device(school)
    for _ in range(2):
        mac(school)

    (gap,) = found_gaps(revision)

    assert (gap.platform, gap.without, gap.computers, gap.application) == ("macos", 2, 2, None)


def test_school_that_does_without_is_counted_within_its_form() -> None:
    school, other, revision = make.school(), make.school(), make.revision("active")
    capability = word_processing()
    for choice in capability.choices.all():
        make.entry(revision, school.school_form, choice.application)
    make.entry(revision, other, capability.choices.get(platform="macos").application, "")
    for each in (school, other):
        make.device(each)
        mac(each)

    (gap,) = found_gaps(revision)

    assert (gap.platform, gap.without, gap.computers) == ("macos", 1, 2)


def test_form_that_has_the_capability_nowhere_is_no_gap() -> None:
    school, revision = make.school(), make.revision("active")
    word_processing()
    make.device(school)

    assert found_gaps(revision) == []


def test_entry_form_offers_capabilities(client: Client) -> None:
    draft, school, capability = make.revision("draft"), make.school(), word_processing()
    signed_in(client, "it_admin")

    data = {"container": f"school:{school.pk}", "capability": capability.pk, "decision": "required"}
    response = client.post(reverse("deployments:add_entry", args=[draft.pk]), data)

    assert response.status_code == 302
    assert draft.entries.filter(capability=capability).count() == 2


@pytest.mark.parametrize("chosen", [(), ("application", "capability")])
def test_entry_form_wants_either_an_application_or_a_capability(client: Client, chosen) -> None:
    draft, school, capability = make.revision("draft"), make.school(), word_processing()
    keys = {"application": capability.choices.first().application_id, "capability": capability.pk}
    signed_in(client, "it_admin")

    data = {"container": f"school:{school.pk}", "decision": "required", **{name: keys[name] for name in chosen}}
    response = client.post(reverse("deployments:add_entry", args=[draft.pk]), data)

    assert response.status_code == 400
    assert not draft.entries.exists()


def test_capability_is_made_and_changed_on_its_page(client: Client) -> None:
    word, writer = on("windows", "Word"), on("windows", "Writer")
    signed_in(client, "it_admin")

    client.post(reverse("deployments:add_capability"), {"name": "Ordbehandling", "windows": word.pk})
    made = Capability.objects.get()
    client.post(reverse("deployments:change_capability", args=[made.pk]), {"name": "Text", "windows": writer.pk})

    made.refresh_from_db()
    assert made.name == "Text"
    assert [choice.application for choice in made.choices.all()] == [writer]


def test_report_costs_the_same_with_many_capabilities(client: Client, django_assert_max_num_queries) -> None:
    revision = make.revision("active")
    for n in range(10):
        word = on("windows", f"Word {n}")
        school = make.school()
        make.capability(f"Förmåga {n}", windows=word)
        make.entry(revision, school, word)
        make.device(school)
        mac(school)
    signed_in(client, "it_admin")
    get(client, "capability_list")

    with django_assert_max_num_queries(8):
        assert "Computers that go without" in get(client, "capability_list").content.decode()


def test_api_lists_capabilities_and_what_is_known_of_applications(client: Client) -> None:
    capability = word_processing()
    word = capability.choices.get(platform="windows").application
    make.subject("Svenska", word)
    make.vetting_card(word)
    make.licence_pool(word, 30, cost_per_year=1200, ends_on=date(2027, 6, 30))
    headers = {"Authorization": f"Bearer {make.api_token(make.person('it_admin'))}"}
    teacher = {"Authorization": f"Bearer {make.api_token(make.person('teacher', make.school()))}"}

    listed = client.get("/api/v1/capabilities/", headers=headers).json()["results"][0]
    known = client.get(f"/api/v1/applications/{word.pk}/", headers=headers).json()
    less = client.get(f"/api/v1/applications/{word.pk}/", headers=teacher).json()

    assert {each["application_name"] for each in listed["choices"]} == {"Word", "Pages"}
    assert known["subjects"] == ["Svenska"]
    assert known["vetting"]["missing"] == []
    (pool,) = known["licences"]
    assert (pool["seats"], pool["school"], pool["cost_per_year"], pool["ends_on"]) == (
        30,
        None,
        "1200.00",
        "2027-06-30",
    )
    assert (less["vetting"], less["licences"]) == (None, [])
