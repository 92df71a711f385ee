"""The audit trail as a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from schools import audit
from schools.acts import ACTS, differences
from schools.models import AuditEvent, School, User
from tests import factories

pytestmark = pytest.mark.django_db
ROOMS = ["schools", "fleet", "deployments", "intune_sync"]
DOTTED = re.compile(r'"([a-z]+)\.([a-z_]+)"')


def record(about: School | User, *, school: School | None = None, by: User | None = None, **said: object) -> AuditEvent:
    with transaction.atomic():
        return audit.record("school.changed", about, by=by, school=school, **said)  # type: ignore[arg-type]


def events_on(client: Client, query: str = "") -> list[AuditEvent]:
    return [line["event"] for line in client.get(f"/audit/{query}").context["lines"]]


@pytest.fixture
def admin(client: Client) -> User:
    person = factories.person("it_admin", display_name="Anna Ek")
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return person


def test_newest_first_with_what_changed_why_and_from_where(client: Client, admin: User) -> None:
    school = factories.school("Södra skolan")
    with audit.acting_from("web 10.1.2.3"):
        record(school, by=admin, before={"name": "Syd"}, after={"name": "Södra skolan"}, reason="Ny rektor")

    page = client.get("/audit/").content.decode()

    for words in ("Anna Ek", "School changed", "Syd → Södra skolan", "“Ny rektor”", "Web page 10.1.2.3"):
        assert words in page
    assert f'href="/schools/{school.pk}/"' in page


def test_school_staff_see_their_schools_events_only(client: Client) -> None:
    own, other = factories.school(), factories.school()
    mine = record(own, school=own)
    record(other, school=other)
    record(own)
    client.force_login(factories.person("school_it", own))

    assert events_on(client) == [mine]


def test_object_is_a_link_only_for_who_may_open_it(client: Client) -> None:
    own, other = factories.school(), factories.school()
    record(other, school=own)
    client.force_login(factories.person("school_it", own))

    assert [line["url"] for line in client.get("/audit/").context["lines"]] == [None]


def test_filters_narrow_the_list(client: Client, admin: User) -> None:
    north, south = factories.school("Norra"), factories.school("Södra")
    at_north = record(north, school=north, by=admin)
    at_south = record(south, school=south)

    assert events_on(client, f"?school={north.pk}") == [at_north]
    assert events_on(client, "?who=anna") == [at_north]
    assert events_on(client, "?about=södra") == [at_south]
    assert events_on(client, f"?object_type=schools.school&object_id={south.pk}") == [at_south]
    assert events_on(client, "?act=role.granted") == []
    assert events_on(client, "?since=2020-01-01&until=2099-01-01") == [at_south, at_north]
    assert events_on(client, "?since=2099-01-01") == []


@pytest.mark.parametrize(
    "query", ["school=999999999999999999999", "school=x", "since=hej", "act=nonsense", "object_id=9e99", "after=%F0x"]
)
def test_filter_that_makes_no_sense_is_no_fault(query: str, client: Client, admin: User) -> None:
    record(factories.school())

    assert client.get(f"/audit/?{query}").status_code == 200


def test_pages_follow_each_other_without_gap_or_repeat(client: Client, admin: User) -> None:
    school = factories.school()
    written = [record(school) for _ in range(120)]

    seen, query = [], ""
    while query is not None:
        page = client.get(f"/audit/{query}").context["page"]
        seen += page.rows
        query = f"?after={page.next}" if page.next else None

    assert seen == written[::-1]


def test_queries_do_not_grow_with_the_rows(client: Client, admin: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/audit/").status_code == 200
        return len(captured)

    record(factories.school(), school=factories.school(), by=admin)
    queries()  # what every page shows is kept from now on
    with_one = queries()
    for _ in range(19):
        record(factories.school(), school=factories.school(), by=factories.user())

    assert queries() == with_one <= 8


def test_auditor_verifies_at_the_press_of_a_button(client: Client) -> None:
    event = record(factories.school())
    client.force_login(factories.person("auditor"))
    client.cookies["django_language"] = "en"

    page = client.post("/audit/verify/", follow=True).content.decode()

    assert "The log holds: 1 events" in page
    assert event.hash in page


def test_school_staff_may_not_verify_and_hear_who_may(client: Client) -> None:
    client.force_login(factories.person("school_it", factories.school()))
    client.cookies["django_language"] = "en"

    response = client.post("/audit/verify/")

    assert response.status_code == 403
    assert "IT administrator or Auditor" in response.content.decode()


def test_differences_leave_out_what_stayed_the_same() -> None:
    said = differences({"name": "A", "role": "x", "gone": 1}, {"name": "A", "role": "y", "new": [1, 2]})

    assert [(difference.before, difference.after) for difference in said] == [("1", None), (None, "1, 2"), ("x", "y")]


def test_every_act_that_the_code_records_has_words() -> None:
    """Where the trail is written, a dotted name that belongs to no room (as permissions do) is an act."""
    files = [file for room in ROOMS for file in (Path(settings.BASE_DIR) / room).rglob("*.py")]
    writers = [text for file in files if "audit.record(" in (text := file.read_text())]
    names = {name for text in writers for name in DOTTED.findall(text)}

    acts = {f"{subject}.{verb}" for subject, verb in names if subject not in ROOMS}

    assert len(acts) > 10
    assert acts - ACTS.keys() == set()


def test_moments_codes_and_empty_values_read_as_words() -> None:
    with translation.override("en"):
        said = differences({}, {"valid_until": "2027-06-11T21:59:59+00:00", "role": "auditor", "school": None})

    assert [difference.after for difference in said] == ["Auditor", "2027-06-11 23:59"]


def test_act_without_a_person_names_where_it_came_from(client: Client, admin: User) -> None:
    with audit.acting_from("command"):
        record(factories.school())
    record(factories.school())

    assert [line["who"] for line in client.get("/audit/").context["lines"]] == ["The portal", "Command line"]
