"""Pages that lead from a decision to the computers and back, and to other days and revisions."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from deployments.exchange.writing import as_yaml
from deployments.models import BaselineRevision
from deployments.services.rollback import take_back
from deployments.software import effective_for_device
from schools.models import AuditEvent
from tests import factories as make
from tests.factories import NOW, timedelta

pytestmark = pytest.mark.django_db


def signed_in(client: Client, role: str, school=None) -> Client:
    client.force_login(make.person(role, school))
    client.cookies["django_language"] = "en"
    return client


def get(client: Client, name: str, *args: object, **query: str):
    return client.get(reverse(f"deployments:{name}", args=args), query)


def decided(at, **columns):
    """An application that a decision requires in a container; the revision before only offered it there."""
    version, decision = make.app_version(make.application("GeoGebra")), make.decision(**columns)
    before = make.revision("superseded")
    make.entry(before, at, version.application, "available")
    active = make.revision("active", based_on=before)
    entry = make.entry(active, at, version.application, decision=decision)
    return decision, entry, version


def test_decision_leads_to_entries_changes_and_computers(client: Client) -> None:
    school = make.school()
    decision, entry, version = decided(school)
    change_set = make.change_set("applied", revision=entry.revision, decision=decision)
    part = make.assignment_change(change_set, version, written_at=NOW - timedelta(days=1))
    device = make.device(school)
    make.change_target(part, device)
    make.install_status(device, version)

    text = get(signed_in(client, "it_admin"), "decision", decision.pk).content.decode()

    assert f'href="{entry.application.get_absolute_url()}"' in text
    assert f'href="{change_set.get_absolute_url()}"' in text
    assert "1 of 1" in text
    assert "Done" in text


def test_app_on_a_computer_leads_to_its_decision(client: Client) -> None:
    school = make.school()
    decision, _entry, _version = decided(school)

    text = get(signed_in(client, "it_admin"), "device", make.device(school).pk).content.decode()

    assert f'By decision: <a href="{decision.get_absolute_url()}">' in text


def test_decision_of_another_school_does_not_exist_for_a_school(client: Client) -> None:
    own, other = make.school(), make.school()
    decision, *_ = decided(other, school=other)

    assert get(signed_in(client, "school_it", own), "decision", decision.pk).status_code == 404
    assert get(signed_in(client, "school_it", other), "decision", decision.pk).status_code == 200


def test_taking_back_restores_exactly_what_was_said_before() -> None:
    school = make.school()
    decision, entry, _version = decided(school)
    kept = make.entry(entry.revision, make.municipality(), make.app_version().application, decision=make.decision())

    draft = take_back(decision, make.person("it_admin"), "Den kraschar")

    said = set(draft.entries.values_list("application", "intent", "decision"))
    assert said == {(entry.application_id, "available", None), (kept.application_id, "required", kept.decision_id)}
    assert AuditEvent.objects.get(act="decision.taken_back").reason == "Den kraschar"


def test_taking_back_from_the_page_makes_a_draft(client: Client) -> None:
    decision, *_ = decided(make.school())
    address = reverse("deployments:roll_back", args=[decision.pk])
    browser = signed_in(client, "it_admin")

    assert browser.post(address, {"reason": " "}).url == decision.get_absolute_url()
    answer = browser.post(address, {"reason": "Den kraschar"})

    assert answer.url == BaselineRevision.objects.get(status="draft").get_absolute_url()


def test_decision_not_in_force_offers_nothing_to_take_back(client: Client) -> None:
    decision = make.decision()

    assert b"Take the decision back" not in get(signed_in(client, "it_admin"), "decision", decision.pk).content


@pytest.mark.parametrize("name", ["device", "school", "container", "application"])
def test_page_tells_what_was_decided_on_a_day(client: Client, name: str) -> None:
    school = make.school()
    app = make.app_version(make.application("GeoGebra")).application
    then = make.revision("superseded", activated_at=NOW - timedelta(days=500), superseded_at=NOW - timedelta(days=400))
    entry = make.entry(then, school, app)
    keys = {"device": make.device(school), "school": school, "container": entry.profile, "application": app}
    day = (NOW - timedelta(days=450)).date().isoformat()

    page = get(signed_in(client, "it_admin"), name, keys[name].pk, on=day)
    later = get(client, name, keys[name].pk, on=(NOW - timedelta(days=390)).date().isoformat())

    assert "Decided state on" in page.content.decode()
    assert f'href="{then.get_absolute_url()}"' in page.content.decode()
    assert "Required" in page.content.decode()
    assert "No baseline was in force that day." in later.content.decode()


@pytest.mark.parametrize("on", ["", "igår", "2027-02-30", "0001-01-01", "2999-01-01"])
def test_what_is_no_day_that_has_been_is_told(client: Client, on: str) -> None:
    page = get(signed_in(client, "it_admin"), "school", make.school().pk, on=on)

    assert page.status_code == 400
    assert "no day" in page.content.decode() or "has not come yet" in page.content.decode()


def test_any_two_revisions_are_compared(client: Client) -> None:
    before, after = make.revision("superseded"), make.revision("active", of=make.baseline("HT"))
    make.entry(after, make.municipality(), make.application("GeoGebra"))
    browser = signed_in(client, "it_admin")

    chosen = get(browser, "compare", before=str(before.pk), after=str(after.pk)).content.decode()

    assert "1 thing differs between" in chosen
    assert "GeoGebra" in chosen
    assert get(browser, "compare", before="x").status_code == 200


def test_revision_goes_out_and_in_as_a_file(client: Client) -> None:
    revision = make.revision("active")
    make.entry(revision, make.municipality(), make.app_version().application)
    browser = signed_in(client, "it_admin")
    into = reverse("deployments:import_revision", args=[make.baseline("HT").pk])

    answer = get(browser, "export_revision", revision.pk)
    assert answer.content.decode() == as_yaml(revision)
    assert "baslinje-vt-2027-revision-1.yaml" in answer["Content-Disposition"]

    assert browser.post(into, {"file": _file(answer.content)}).status_code == 302
    assert "Line 1" in browser.post(into, {"file": _file(b"format: 9\nentries: []")}).content.decode()


def _file(content: bytes):
    return SimpleUploadedFile("baslinje.yaml", content)


def test_draft_and_entry_show_what_they_would_change(client: Client) -> None:
    school, version = make.school(), make.app_version()
    make.device(school)
    draft = make.revision(based_on=make.revision("active"))
    entry = make.entry(draft, school, version.application)
    browser = signed_in(client, "it_admin")
    other = make.app_version().application.pk

    assert "1 computer is concerned." in get(browser, "impact", draft.pk).content.decode()
    chosen = {"container": f"school:{school.pk}", "application": str(other), "decision": "required"}
    assert "1 computer is concerned." in get(browser, "impact", draft.pk, **chosen).content.decode()
    unchanged = get(browser, "impact", draft.pk, entry=str(entry.pk), decision="required")
    assert "No computer is concerned" in unchanged.content.decode()
    assert "Choose a container" in get(browser, "impact", draft.pk, decision="required").content.decode()


def test_looking_at_an_entry_stores_no_container(client: Client) -> None:
    school, version = make.school(), make.app_version()
    draft = make.revision(based_on=make.revision("active"))
    chosen = {"container": f"school:{school.pk}", "application": str(version.application_id), "decision": "required"}

    get(signed_in(client, "it_admin"), "impact", draft.pk, **chosen)

    assert not draft.entries.exists()
    assert not type(make.profile(school)).objects.exclude(school=school).exists()


def test_decision_page_costs_few_queries(client: Client, django_assert_max_num_queries) -> None:
    school = make.school()
    decision, entry, version = decided(school)
    change_set = make.change_set("applied", revision=entry.revision, decision=decision)
    make.change_target(make.assignment_change(change_set, version, written_at=NOW), make.device(school))
    browser = signed_in(client, "it_admin")
    get(browser, "decision", decision.pk)

    with django_assert_max_num_queries(13):
        get(browser, "decision", decision.pk)


def test_computer_is_given_something_of_its_own_in_a_draft(client: Client) -> None:
    device, draft, version = make.device(make.school()), make.revision(), make.app_version()
    browser = signed_in(client, "it_admin")
    address = reverse("deployments:add_entry", args=[draft.pk])
    own = reverse("deployments:give_own", args=[device.pk])
    assert own in get(browser, "device", device.pk).content.decode()
    assert browser.get(own).url == f"{address}?container=device:{device.pk}"

    chosen = {"container": f"device:{device.pk}", "application": version.application_id, "decision": "required"}
    assert f'value="device:{device.pk}" selected' in browser.get(address, chosen).content.decode()
    assert browser.post(address, chosen).status_code == 302
    assert draft.entries.get().profile.device == device


def test_computers_page_names_who_decided_on_each_app_not_who_decided_last(client: Client) -> None:
    school, municipality = make.school(), make.municipality()
    word, krita = (make.app_version(make.application(name)).application for name in ("Word", "Krita"))
    anna, bengt = (make.person("it_admin", display_name=name) for name in ("Anna Först", "Bengt Sist"))
    first = make.revision("superseded", decided_by=anna, decided_at=NOW, activated_at=NOW)
    second = make.revision("active", decided_by=bengt, decided_at=NOW, activated_at=NOW + timedelta(days=30))
    for revision in (first, second):
        make.entry(revision, municipality, word)
    make.entry(second, municipality, krita)
    device = make.device(school)
    client.force_login(make.person("it_admin"))

    rows = {row.app.application: row.app.origin for row in client.get(device.get_absolute_url()).context["rows"]}

    assert (rows[word].pk, str(rows[word].decided_by)) == (first.pk, "Anna Först")
    assert (rows[krita].pk, str(rows[krita].decided_by)) == (second.pk, "Bengt Sist")
    assert str(rows[word]) == str(first)


def test_a_break_or_another_ground_makes_a_later_revision_the_origin() -> None:
    municipality, decision = make.municipality(), make.decision()
    gone, regrounded = (make.app_version(make.application(name)).application for name in ("Borta", "Nytt beslut"))
    days = [NOW + timedelta(days=day) for day in (0, 10, 20)]
    old, middle = (make.revision("superseded", activated_at=day) for day in days[:2])
    now = make.revision("active", activated_at=days[2])
    for revision in (old, now):
        make.entry(revision, municipality, gone)
    for revision, ground in ((old, None), (middle, decision), (now, decision)):
        make.entry(revision, municipality, regrounded, decision=ground)

    apps = {app.application: app.origin.pk for app in effective_for_device(make.device(make.school()))}

    assert apps == {gone: now.pk, regrounded: middle.pk}
