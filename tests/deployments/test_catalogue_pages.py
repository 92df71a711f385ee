from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import Application, DetectedUse, LicencePool, Subject, VettingCard
from schools.models import AuditEvent
from tests import factories as make
from tests.deployments.test_pages import get, signed_in
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def post(client: Client, name: str, *args: object, **data: object):
    return client.post(reverse(f"deployments:{name}", args=args), data)


def names_in(client: Client, **query: str) -> set[str]:
    return {row.application.name for row in get(client, "application_list", **query).context["rows"]}


def test_it_describes_an_application_with_old_and_new_subjects(client: Client) -> None:
    application, maths = make.application("GeoGebra"), make.subject("Matematik")
    signed_in(client, "it_admin")

    data = {"description": "Geometri", "subjects": [maths.pk], "more_subjects": "matematik, Teknik"}
    response = post(client, "edit_application", application.pk, **data, first_grade=7, last_grade=12)

    assert response.status_code == 302
    assert set(application.subjects.values_list("name", flat=True)) == {"Matematik", "Teknik"}
    assert Subject.objects.count() == 2
    event = AuditEvent.objects.get(act="application.described")
    assert event.after["subjects"] == ["Matematik", "Teknik"]


def test_application_that_intune_lacks_is_added_by_name(client: Client) -> None:
    signed_in(client, "it_admin")

    address = reverse("deployments:add_application")
    added = client.post(address, {"name": "  SketchUp  för skolor "})
    again = client.post(address, {"name": "sketchup för skolor"})

    application = Application.objects.get()
    assert application.name == "SketchUp för skolor"
    assert added.url == reverse("deployments:edit_application", args=[application.pk])
    assert (again.status_code, AuditEvent.objects.filter(act="application.added").count()) == (400, 1)


def test_grades_in_the_wrong_order_are_refused_in_words(client: Client) -> None:
    application = make.application("GeoGebra")
    signed_in(client, "it_admin")

    response = post(client, "edit_application", application.pk, first_grade=9, last_grade=7)

    assert response.status_code == 400
    assert "Give both grades, from 0 to 12, the lower one first." in response.content.decode()


def test_card_may_be_kept_half_filled_and_says_what_is_missing(client: Client) -> None:
    application = make.application("GeoGebra")
    signed_in(client, "it_admin")

    post(client, "vetting_card", application.pk, personal_data="none", minimum_age="0")
    text = get(client, "application", application.pk).content.decode()

    assert VettingCard.objects.get().missing() == [
        "agreement",
        "assessment",
        "data_region",
        "accessibility",
        "cost_note",
        "valid_until",
    ]
    assert "2 of 8 facts are filled in." in text


def test_signed_agreement_says_where_it_is_kept(client: Client) -> None:
    application = make.application()
    signed_in(client, "it_admin")

    response = post(client, "vetting_card", application.pk, agreement="signed")

    assert response.status_code == 400
    assert not VettingCard.objects.exists()


def test_licences_are_added_changed_and_removed(client: Client) -> None:
    application, school = make.application(), make.school()
    signed_in(client, "it_admin")

    post(client, "add_licence", application.pk, seats=30, school=school.pk)
    pool = LicencePool.objects.get()
    post(client, "change_licence", application.pk, pool.pk, seats=40, school=school.pk)
    assert LicencePool.objects.get().seats == 40
    post(client, "drop_licence", application.pk, pool.pk)

    assert not LicencePool.objects.exists()
    acts = ["licence.added", "licence.changed", "licence.dropped"]
    assert list(AuditEvent.objects.order_by("id").values_list("act", flat=True))[-3:] == acts


def test_licence_of_another_application_is_not_found(client: Client) -> None:
    pool = make.licence_pool(make.application())
    signed_in(client, "it_admin")

    assert get(client, "change_licence", make.application().pk, pool.pk).status_code == 404


def test_seats_without_cover_are_told_on_the_page(client: Client) -> None:
    school, version = make.school(), make.app_version()
    make.entry(make.revision("active"), school, version.application)
    for _ in range(3):
        make.device(school)
    make.licence_pool(version.application, 1)

    text = get(signed_in(client, "it_admin"), "licence_seats", version.application_id).content.decode()

    assert "3 of 1 are used." in text
    assert "2 computers have the application without a licence." in text


def test_school_sees_its_own_pools_and_no_others(client: Client) -> None:
    school, application = make.school("Egna"), make.application()
    make.licence_pool(application, 5, school=school)
    make.licence_pool(application, 7, school=make.school("Främmande"))

    text = get(signed_in(client, "school_it", school), "application", application.pk).content.decode()

    assert "5 computers" in text
    assert "Främmande" not in text


def test_people_of_the_municipality_see_every_pool(client: Client) -> None:
    application = make.application()
    make.licence_pool(application, 7, school=make.school("Rönnskolan"))
    make.licence_pool(application, 9)

    for role in ("it_admin", "auditor", "committee"):
        text = get(signed_in(client, role), "application", application.pk).content.decode()
        assert "Rönnskolan" in text
        assert "0 of 16 are used." in get(client, "licence_seats", application.pk).content.decode()


def test_teacher_sees_neither_vetting_nor_licences(client: Client) -> None:
    school, application = make.school(), make.application()
    make.vetting_card(application)
    make.licence_pool(application)

    text = get(signed_in(client, "teacher", school), "application", application.pk).content.decode()

    assert "Vetting" not in text
    assert "Licences" not in text


def test_needs_that_intune_does_not_say_are_stated(client: Client) -> None:
    version = make.app_version()
    signed_in(client, "it_admin")

    post(client, "version_needs", version.application_id, version.pk, minimum_disk_mb=4000, minimum_memory_mb=8192)
    version.refresh_from_db()

    assert (version.minimum_disk_mb, version.minimum_memory_mb) == (4000, 8192)


def test_list_is_narrowed_by_subject_platform_and_vetting(client: Client) -> None:
    maths, mac, bare = make.application("GeoGebra"), make.application("Xcode"), make.application("Audacity")
    subject = make.subject("Matematik", maths)
    make.app_version(mac, platform="macos")
    make.vetting_card(maths, valid_until=timezone.localdate() + timedelta(days=300))
    signed_in(client, "it_admin")

    assert names_in(client, subject=str(subject.pk)) == {"GeoGebra"}
    assert names_in(client, platform="macos") == {"Xcode"}
    assert names_in(client, vetting="vetted") == {"GeoGebra"}
    assert names_in(client, vetting="vetting_incomplete") == {"Xcode", "Audacity"}
    assert bare.name in names_in(client, subject="9" * 30)


def test_list_finds_licences_that_end_and_have_no_successor(client: Client) -> None:
    ending, renewed = make.application("Ending"), make.application("Renewed")
    soon = timezone.localdate() + timedelta(days=20)
    make.licence_pool(ending, ends_on=soon)
    make.licence_pool(renewed, ends_on=soon)
    make.licence_pool(renewed, ends_on=soon + timedelta(days=365))
    signed_in(client, "it_admin")

    assert names_in(client, look="licence_ending") == {"Ending"}


def test_list_finds_what_hardly_anybody_has(client: Client) -> None:
    school, revision = make.school(), make.revision("active")
    used, rare, undecided = (make.app_version(make.application(name)) for name in ("Used", "Rare", "Undecided"))
    for version, computers in ((used, 2), (rare, 1)):
        make.entry(revision, school, version.application)
        for _ in range(computers):
            make.install_status(make.device(school), version)
    for _ in range(10):
        make.install_status(make.device(school), rare, state="notInstalled")
        make.install_status(make.device(school), used, state="pendingInstall")
    make.install_status(make.device(school), undecided)
    signed_in(client, "it_admin")

    assert names_in(client, look="unused") == {"Rare", "Undecided"}
    assert "a tenth of the computers" in get(client, "application_list", look="unused").content.decode()


def test_inventory_tells_what_reports_do_not(client: Client) -> None:
    school, revision = make.school(), make.revision("active")
    found, web, lost = make.app_version(), make.app_version(app_type="webApp"), make.app_version()
    for version in (found, web, lost):
        make.entry(revision, school, version.application)
    DetectedUse.objects.create(application=found.application, computers=40, read_at=NOW)
    DetectedUse.objects.create(application=lost.application, computers=0, read_at=NOW)
    for version in (found, lost):
        make.install_status(make.device(school), version)
    signed_in(client, "it_admin")

    assert names_in(client, look="unused") == {lost.application.name}
    assert "Found on computers" in get(client, "application", found.application_id).content.decode()


def test_teacher_cannot_narrow_by_vetting(client: Client) -> None:
    make.application("GeoGebra")

    assert names_in(signed_in(client, "teacher", make.school()), vetting="vetted") == {"GeoGebra"}


def test_list_and_page_keep_their_query_budgets(client: Client, django_assert_max_num_queries) -> None:
    school, revision = make.school(), make.revision("active")
    for _ in range(10):
        version = make.app_version()
        make.entry(revision, school, version.application)
        make.vetting_card(version.application)
        make.licence_pool(version.application)
        make.install_status(make.device(school), version)
    signed_in(client, "it_admin")
    get(client, "application_list")

    with django_assert_max_num_queries(8):
        get(client, "application_list")
    with django_assert_max_num_queries(10):
        get(client, "application", Application.objects.first().pk)
    with django_assert_max_num_queries(10):
        get(client, "licence_seats", Application.objects.first().pk)


def test_date_in_a_form_is_written_as_the_browser_wants_it(client: Client) -> None:
    pool = make.licence_pool(make.application(), ends_on=date(2027, 6, 30))
    signed_in(client, "it_admin")

    assert 'value="2027-06-30"' in get(client, "change_licence", pool.application_id, pool.pk).content.decode()
