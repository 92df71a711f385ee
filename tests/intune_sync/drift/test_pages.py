"""The pages and the API of drift."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from config import context
from intune_sync.drift import words
from intune_sync.drift.states import STATES, in_state
from intune_sync.models import DriftItem
from schools.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ENTRY = {"target": "group", "group_id": "aaaaaaaa-0000-4000-8000-000000000001", "intent": "required"}
FOREIGN = {"before": None, "after": {**ENTRY, "filter_id": None, "filter_type": None}}


def signed_in(role: str, school: Any = None) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(factories.person(role, school))
    return client


def for_school(school: Any, **columns: Any) -> DriftItem:
    reach = {"include": [["school", school.pk]], "exclude": [], "platform": None}
    return factories.drift_item("foreign", school, reach=reach, **{**FOREIGN, **columns})


def test_each_difference_is_in_one_state():
    today = timezone.localdate()
    ignored = {"ignored_until": today, "ignored_reason": "Provas", "ignored_at": factories.NOW}
    factories.drift_item()
    factories.drift_item(**ignored, ignored_by=factories.person("it_admin"))
    factories.drift_item(**(ignored | {"ignored_until": today - timedelta(1)}), ignored_by=factories.person("it_admin"))
    factories.drift_item(resolved_at=factories.NOW, resolution="gone")
    factories.drift_item(change_set=factories.change_set("planned"))

    states = {state: set(in_state(DriftItem.objects.all(), state, today)) for state in STATES}

    assert {state: len(rows) for state, rows in states.items()} == {"waiting": 2, "in_hand": 1, "ignored": 1, "over": 1}
    assert set.union(*states.values()) == set(DriftItem.objects.all())


def test_the_page_shows_both_sides_and_the_acts():
    item = for_school(factories.school("Rönnskolan"), acted_by="per.adm@ekestad.example")

    page = signed_in("it_admin").get(item.get_absolute_url()).content.decode()

    assert "per.adm@ekestad.example" in page
    assert page.count('<form method="post" action="/drift/') == 3


def test_a_filter_is_put_back_by_hand_and_the_page_says_why_and_how():
    rule = '(device.model -eq "Latitude 3120")'
    item = factories.drift_item("filter", before={"rule": rule, "apps": ["GIMP"]}, after={"rule": "x"})

    page = signed_in("it_admin").get(item.get_absolute_url())

    assert f'action="/drift/{item.pk}/revert/"' not in page.content.decode()
    assert page.context["choices"].rule == rule
    assert f"<code>{escape(rule)}</code></pre>" in page.content.decode()


def test_an_edited_rule_offers_both():
    item = factories.drift_item("rule", before={"rule": "a", "scope": ["tag", "A"]}, after={"rule": "b"})

    page = signed_in("it_admin").get(item.get_absolute_url()).content.decode()

    assert f'action="/drift/{item.pk}/revert/"' in page
    assert f'action="/drift/{item.pk}/adopt/"' in page


def test_a_change_that_puts_a_rule_back_tells_of_the_group_and_counts_no_computers_of_apps():
    rule = {"group_id": str(uuid4()), "name": "Gy-Ronn", "before": "b", "after": "a", "computers": 12}
    plan = {"changes": [], "calls": [], "warnings": [], "snapshot": {}, "rules": [rule]}
    change_set = factories.change_set("planned", plan=plan)

    answer = signed_in("it_admin").get(change_set.get_absolute_url())

    page = answer.content.decode().split("<main")[1]
    ((_blocks, sentence),) = answer.context["notices"]
    assert "Gy-Ronn" in sentence
    assert "12" in sentence
    assert f"{change_set.get_absolute_url()}computers/" not in page
    assert "/simulat" not in page
    assert f"PATCH /v1.0/groups/{rule['group_id']}" in page


@pytest.mark.parametrize("role", ["committee", "auditor"])
def test_those_who_only_read_see_no_acts(role: str):
    item = for_school(factories.school())

    assert 'action="/drift/' not in signed_in(role).get(item.get_absolute_url()).content.decode()


def test_a_school_sees_its_own_computers_alone():
    school, other = factories.school(), factories.school()
    factories.device(school), factories.device(other)
    item = factories.drift_item(
        "foreign", school, other, reach={"include": [["school", school.pk], ["school", other.pk]]}, **FOREIGN
    )

    page = signed_in("school_it", school).get(f"{item.get_absolute_url()}computers/")

    assert page.context["count"] == 1


def test_the_count_is_the_length_of_the_list():
    school = factories.school()
    for _ in range(3):
        factories.device(school)
    client, item = signed_in("it_admin"), for_school(school)

    assert client.get(item.get_absolute_url()).context["computers"] == 3
    assert len(client.get(f"{item.get_absolute_url()}computers/").context["page"].rows) == 3


def test_ignoring_from_the_page(client: Client):
    item = for_school(factories.school())
    until = timezone.localdate() + timedelta(days=10)

    signed_in("it_admin").post(f"{item.get_absolute_url()}ignore/", {"reason": "Provas", "until": str(until)})

    item.refresh_from_db()
    assert (item.ignored_until, item.ignored_reason) == (until, "Provas")
    assert AuditEvent.objects.filter(act="drift.ignored").exists()


def test_a_day_that_is_none_is_refused_with_a_sentence():
    item = for_school(factories.school())

    answer = signed_in("it_admin").post(
        f"{item.get_absolute_url()}ignore/", {"reason": "Provas", "until": "2026-02-31"}, follow=True
    )

    assert answer.status_code == 200
    item.refresh_from_db()
    assert item.ignored_until is None


def test_the_overview_counts_what_nobody_has_seen_to():
    factories.device(factories.school())
    for_school(factories.school())
    context.cache.clear()

    page = signed_in("it_admin").get("/").content.decode()

    assert 'href="/drift/"' in page
    assert context.read_snapshot().drift == 1


def test_scripts_read_and_ignore():
    item, person = for_school(factories.school()), factories.person("it_admin")
    api = Client(headers={"Authorization": f"Bearer {factories.api_token(person)}"})
    until = str(timezone.localdate() + timedelta(days=3))

    listed = api.get("/api/v1/drift/?state=waiting").json()["results"]
    ignored = api.post(
        f"/api/v1/drift/{item.pk}/ignore/", {"reason": "Provas", "until": until}, content_type="application/json"
    )

    assert [row["key"] for row in listed] == [item.key]
    assert (ignored.status_code, ignored.json()["ignored_until"]) == (200, until)
    assert api.get("/api/v1/drift/?state=waiting").json()["results"] == []
    assert api.get("/api/v1/drift/?state=ignored").json()["results"][0]["ignored_by"] == person.username


@pytest.mark.parametrize("kind", DriftItem.Kind.values)
def test_every_kind_has_words_and_a_meaning(kind: str):
    item = factories.drift_item(kind)

    assert words.meaning(item)
    assert kind in {each for kinds in DriftItem.KINDS_OF.values() for each in kinds}


def test_a_long_list_costs_as_many_queries_as_a_short_one(django_assert_max_num_queries: Any):
    client, school = signed_in("it_admin"), factories.school()
    for_school(school)
    client.get("/drift/")
    with django_assert_max_num_queries(60) as first:
        client.get("/drift/")
    for _ in range(20):
        for_school(school)
    with django_assert_max_num_queries(60) as second:
        client.get("/drift/")

    assert len(second) <= len(first)
