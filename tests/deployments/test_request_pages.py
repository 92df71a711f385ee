from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deployments.models import AppRequest
from schools.models import RoleAssignment
from tests import factories as make
from tests.deployments.request_factories import app_request, staff, vetted

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    make.entry(make.revision("active"), make.municipality(), make.app_version(make.application("Word")).application)
    return make.school("Rönnskolan")


def signed_in(client: Client, user) -> Client:
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def get(client: Client, name: str, *keys: int, headers=None, **query):
    return client.get(reverse(f"deployments:{name}", args=keys), query, headers=headers)


def text_of(response) -> str:
    return response.content.decode()


def wish(school, teacher, **fields) -> dict:
    due = timezone.localdate() + timedelta(days=30)
    return {
        "what": "GeoGebra",
        "purpose": "Geometri",
        "school": school.pk,
        "needed_by": due.isoformat(),
        "responsible_teacher": teacher.pk,
        **fields,
    }


def test_request_is_sent_in_one_form(client: Client, school) -> None:
    teacher, app = make.person("teacher", school), make.application("GeoGebra")

    answer = signed_in(client, teacher).post(reverse("deployments:new_request"), wish(school, teacher))

    request = AppRequest.objects.get()
    assert (answer.status_code, answer.url) == (302, request.get_absolute_url())
    assert (request.status, request.application, request.responsible_teacher) == ("school", app, teacher)


def test_form_is_filled_in_but_for_what_and_why(client: Client, school) -> None:
    teacher = make.person("teacher", school)

    form = get(signed_in(client, teacher), "new_request").context["form"]

    assert [name for name in form.fields if form[name].value() in (None, "") and form.fields[name].required] == [
        "what",
        "purpose",
    ]


def test_another_application_is_asked_for_by_its_name(client: Client, school) -> None:
    teacher = make.person("teacher", school)

    signed_in(client, teacher).post(reverse("deployments:new_request"), wish(school, teacher, what="Nytt Program"))

    assert (AppRequest.objects.get().application, AppRequest.objects.get().wanted) == (None, "Nytt Program")


def test_draft_is_for_its_writer_alone_until_it_is_sent(client: Client, school) -> None:
    people = staff(school)
    signed_in(client, people["teacher"]).post(
        reverse("deployments:new_request"), wish(school, people["teacher"], keep="1")
    )
    draft = AppRequest.objects.get()

    assert get(signed_in(client, people["approver"]), "request", draft.pk).status_code == 404
    signed_in(client, people["teacher"]).post(
        reverse("deployments:change_request", args=[draft.pk]), wish(school, people["teacher"], purpose="Algebra")
    )

    draft.refresh_from_db()
    assert (draft.status, draft.purpose) == ("school", "Algebra")


def test_typing_tells_what_is_known(client: Client, school) -> None:
    app = vetted(make.app_version(make.application("GeoGebra")).application)
    app_request("done", application=app)
    app_request("refused", application=app, reason="Likvärdigt med Desmos.")
    app_request("school", application=app)
    signed_in(client, make.person("teacher", school))

    text = text_of(get(client, "request_answers", what="geo", school=school.pk))

    for known in ("Approved at 1 other school", "Likvärdigt med Desmos.", "1 other school asks for it now", "Me too"):
        assert known in text


def test_what_is_on_the_computers_already_is_asked_about_before_it_is_sent(client: Client, school) -> None:
    teacher = make.person("teacher", school)
    signed_in(client, teacher)

    shown = client.post(reverse("deployments:new_request"), wish(school, teacher, what="word"))
    again = client.post(reverse("deployments:new_request"), wish(school, teacher, what="word", seen="word"))

    assert "computers already" in text_of(shown)
    assert again.status_code == 302


def test_me_too_is_one_press(client: Client, school) -> None:
    request = app_request("school", application=make.application("GeoGebra"))
    signed_in(client, make.person("teacher", school))

    client.post(reverse("deployments:support_request"), {"application": request.application_id, "school": school.pk})

    assert request.supporters.get().school == school


def test_who_supports_a_request_sees_its_course_and_not_the_other_schools_thread(client: Client, school) -> None:
    request = app_request("review", application=make.application("GeoGebra"))
    request.thread.create(author=make.user(), text="Klass 7B behöver det.")
    teacher = make.person("teacher", school)
    signed_in(client, teacher)
    assert get(client, "request", request.pk).status_code == 404

    body = {"application": request.application_id, "school": school.pk}
    page = client.post(reverse("deployments:support_request"), body, follow=True)

    text = text_of(page)
    assert page.redirect_chain[-1][0] == request.get_absolute_url()
    assert "IT review" in text
    for hidden in ("7B", request.school.name, request.purpose, str(request.requested_by)):
        assert hidden not in text
    assert request.get_absolute_url() in text_of(get(client, "request_list"))


def test_merged_request_shows_how_far_its_main_one_has_come(client: Client, school) -> None:
    application = vetted()
    main = app_request("review", application=application)
    merged = app_request("merged", school, application=application, merged_into=main)
    main.supporters.create(school=school, user=merged.requested_by)

    signed_in(client, merged.requested_by)
    page = get(client, "request", merged.pk)

    assert [(station.label, station.state) for station in page.context["line"]][-1] == ("Done", "ahead")
    assert get(client, "request", main.pk).status_code == 200


def test_approver_decides_in_two_steps(client: Client, school) -> None:
    people, app = staff(school), vetted()
    make.device(school)
    request = app_request("school", school, application=app, requested_by=people["teacher"])
    page = get(signed_in(client, people["approver"]), "request_list")
    assert request.get_absolute_url() in text_of(page)
    assert list(page.context["waiting"]) == [request]

    shown = get(client, "request", request.pk)
    assert "Approve for 1 computer" in text_of(shown)
    client.post(reverse("deployments:approve_request", args=[request.pk]))

    request.refresh_from_db()
    assert (request.status, request.approved_by) == ("planned", people["approver"])


def test_requester_has_no_button_to_approve(client: Client, school) -> None:
    approver = make.person("approver", school)
    request = app_request("school", school, requested_by=approver)

    assert "/approve/" not in text_of(get(signed_in(client, approver), "request", request.pk))


def test_another_schools_request_does_not_exist(client: Client, school) -> None:
    theirs = app_request("school")
    signed_in(client, make.person("approver", school))

    assert get(client, "request", theirs.pk).status_code == 404
    assert client.post(reverse("deployments:approve_request", args=[theirs.pk])).status_code == 404
    assert theirs.school.name not in text_of(get(client, "request_list"))


def test_refusing_without_a_reason_says_so(client: Client, school) -> None:
    people = staff(school)
    request = app_request("school", school, requested_by=people["teacher"])

    answer = signed_in(client, people["approver"]).post(
        reverse("deployments:refuse_request", args=[request.pk]), {"reason": " "}, follow=True
    )

    assert "Say why" in text_of(answer)
    assert AppRequest.objects.get().status == "school"


def test_line_of_steps_is_fetched_alone(client: Client, school) -> None:
    request = app_request("school", school)

    part = text_of(
        get(signed_in(client, make.person("teacher", school)), "request", request.pk, headers={"HX-Request": "true"})
    )

    assert part.lstrip().startswith('<div id="request-progress"')
    assert "The school&#x27;s decision" in part or "The school's decision" in part


def test_it_sees_queue_lead_times_and_unmet_demand(client: Client, school) -> None:
    now = timezone.now()
    app_request("review", school, application=None, wanted="Nytt Program", due_at=now - timedelta(days=1))
    done = app_request("done", school, application=make.application("GeoGebra"))
    for days in (1, 2, 3, 4, 20):
        done.steps.create(status="school", entered_at=now - timedelta(days=days), left_at=now)

    page = get(signed_in(client, make.person("it_admin")), "request_review")

    (row,) = page.context["lead_times"]
    assert (row.status, row.count, row.median) == ("school", 5, timedelta(days=3))
    assert timedelta(days=13) < row.slow < timedelta(days=14)
    assert [unmet.name for unmet in page.context["unmet"]] == ["Nytt Program"]
    assert "Nytt Program" in text_of(page)
    assert get(signed_in(client, make.person("approver", school)), "request_review").status_code == 403


def test_approver_hands_over_and_is_back(client: Client, school) -> None:
    people = staff(school)
    until = (timezone.localdate() + timedelta(days=7)).isoformat()
    fields = {"school": school.pk, "deputy": people["school_it"].pk, "until": until}
    signed_in(client, people["approver"])

    assert client.post(reverse("deployments:deputies"), fields).status_code == 302
    held = RoleAssignment.objects.get(user=people["school_it"], role="approver")
    assert held.valid_until is not None
    RoleAssignment.objects.filter(pk=held.pk).update(valid_from=timezone.now() - timedelta(hours=1))
    client.post(reverse("deployments:end_deputy", args=[held.pk]))

    held.refresh_from_db()
    assert held.valid_until <= timezone.now()


def test_name_with_markup_is_shown_as_text(client: Client, school) -> None:
    request = app_request("school", school, application=None, wanted="<b>Program</b>")

    page = get(signed_in(client, make.person("teacher", school)), "request", request.pk)

    assert "<b>Program</b>" not in text_of(page)


def test_approver_with_licences_and_installs_before_them_costs_ten_queries(
    client: Client, school, django_assert_max_num_queries
) -> None:
    application = vetted()
    make.licence_pool(application, 30, cost_per_year=1200)
    make.licence_pool(application, 10, school=school, cost_per_year=300)
    make.licence_pool(application, 10, cost_per_year=9000, ends_on=timezone.localdate() - timedelta(days=1))
    make.install_status(make.device(school), application.versions.get())
    make.install_status(make.device(make.school()), application.versions.get(), state="failed")
    request = app_request("school", school, application=application)
    signed_in(client, make.person("approver", school))
    get(client, "request", request.pk)

    with django_assert_max_num_queries(10):
        page = get(client, "request", request.pk)

    card = page.context["card"]
    assert (card.known.computers, card.known.without, card.known.seats_left) == (1, 0, 40)
    assert (card.cost_per_year, card.success) == (1500, 50)


@pytest.mark.parametrize(("name", "most"), [("request_list", 8), ("request", 10), ("request_review", 8)])
def test_queries_do_not_grow_with_rows(
    client: Client, school, name: str, most: int, django_assert_max_num_queries
) -> None:
    request = app_request("review", school)
    keys = [request.pk] if name == "request" else []
    signed_in(client, make.person("it_admin"))

    few = queries_of(client, name, keys, django_assert_max_num_queries, most)
    for _ in range(20):
        app_request("review", due_at=timezone.now())
        request.thread.create(author=make.user(), text="Vad kostar det?")
        request.steps.create(status="school", entered_at=timezone.now(), left_at=timezone.now())

    assert queries_of(client, name, keys, django_assert_max_num_queries, most) == few


def queries_of(client: Client, name: str, keys: list[int], limit, most: int) -> int:
    cache.clear()
    with limit(most) as queries:
        page = get(client, name, *keys)
    assert page.status_code == 200
    return len(queries)
