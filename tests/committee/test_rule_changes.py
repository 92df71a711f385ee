"""One proposal that changes the rule of a container, or moves it to another, and what the form says of it meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from deployments.committee.specs import specs_of
from deployments.committee.wording import asks_for
from deployments.models import Application, BaselineEntry, Proposal, SoftwareProfile
from deployments.services.delegations import decide_by_delegation
from deployments.services.minutes import close_meeting
from deployments.services.profiles import Owner, profile_of
from deployments.services.proposals import propose
from tests import factories
from tests.committee.table import Committee, committee, decide_all, opened, vetted
from tests.committee.test_proposals import held_by, in_force
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def change(of: Committee, application: Application, at: Owner, *, frm: Owner | None = None, **said: Any) -> Proposal:
    said = {"intent": "required", "reason": "Kursen behöver det.", "by": of.members[1], **said}
    return propose(
        of.baseline,
        kind="profile",
        application=application,
        profile=profile_of(at),
        moved_from=profile_of(frm) if frm else None,
        on=NOW.date(),
        **said,
    )


def test_a_rule_that_is_not_there_cannot_change(group: Committee) -> None:
    school, application = factories.school(), vetted()
    factories.entry(in_force(), factories.municipality(), application)

    with pytest.raises(ValidationError) as refused:
        change(group, application, school, intent="available")
    assert "application" in refused.value.error_dict


def test_a_change_that_says_the_same_is_refused(group: Committee) -> None:
    school, application = factories.school(), vetted()
    factories.entry(in_force(), school, application, intent="required")

    with pytest.raises(ValidationError):
        change(group, application, school, intent="required")


def test_a_rule_comes_to_say_something_else_where_it_is(group: Committee) -> None:
    school, application = factories.school(), vetted()
    factories.entry(in_force(), school, application, intent="required")
    pinned = application.versions.get()

    made = change(group, application, school, version=pinned)

    assert [(str(spec.profile), spec.action, spec.version) for spec in specs_of(made)] == [(str(school), "add", pinned)]


def test_a_rule_moves_to_a_container_beside_it(group: Committee) -> None:
    here, there, application = factories.school(), factories.school(), vetted()
    factories.entry(in_force(), here, application)

    made = change(group, application, there, frm=here)

    assert {str(spec.profile): spec.action for spec in specs_of(made)} == {str(here): "remove", str(there): "add"}
    assert str(here) in asks_for(made)


def test_a_rule_that_moves_outwards_still_holds_inside(group: Committee) -> None:
    school, application = factories.school(), vetted()
    factories.entry(in_force(), school, application)

    made = change(group, application, school.school_form, frm=school)

    assert {spec.action for spec in specs_of(made)} == {"add"}


def test_only_a_rule_moves_and_only_elsewhere_also_in_the_database(group: Committee) -> None:
    school, application = factories.school(), vetted()
    factories.entry(in_force(), school, application)
    made = change(group, application, factories.school(), frm=school)

    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=made.pk).update(kind="add")
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=made.pk).update(moved_from=made.profile)


def test_what_is_granted_stands_in_the_decided_revision(group: Committee) -> None:
    here, there, application = factories.school(), factories.school(), vetted()
    factories.entry(in_force(), here, application)
    made = change(group, application, there, frm=here, intent="available")
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="granted")
    text = meeting.items.get().text

    closed = close_meeting(meeting, group.chair, NOW)

    entries = BaselineEntry.objects.filter(revision=closed.revision, decision__proposal=made)
    assert {(str(each.profile), each.action, each.intent) for each in entries} == {
        (str(here), "remove", ""),
        (str(there), "add", "available"),
    }
    assert asks_for(made) in text


def test_a_delegation_for_some_schools_takes_nothing_from_others(group: Committee) -> None:
    here, there, application = factories.school(), factories.school(), vetted()
    assert here.administration_id == there.administration_id
    elsewhere = factories.administration("BUF")
    type(here).objects.filter(pk=here.pk).update(administration=elsewhere)
    factories.entry(in_force(), here, application)
    made = change(group, application, there, frm=here)
    delegation = held_by(group.chair, group, administration=there.administration)

    with pytest.raises(ValidationError):
        decide_by_delegation(delegation, made, "Brådskar.", group.chair, NOW)


def test_the_form_makes_one(client: Client, group: Committee) -> None:
    here, there, application = factories.school(), factories.school(), vetted()
    factories.entry(in_force(), here, application)
    client.force_login(group.members[1])
    said = filled_in(group, application, there, moved_from=f"school:{here.pk}", reason="Flyttad kurs.")

    client.post("/proposals/new/", said)

    made = Proposal.objects.get()
    assert (made.kind, str(made.moved_from), str(made.profile)) == ("profile", str(here), str(there))


def test_a_script_makes_one(client: Client, group: Committee) -> None:
    here, there, application = factories.school(), factories.school(), vetted()
    factories.entry(in_force(), here, application)
    said = {
        "baseline": group.baseline.pk,
        "kind": "profile",
        "application": application.pk,
        "level": "school",
        "container": there.pk,
        "from_level": "school",
        "from_container": here.pk,
        "reason": "Flyttad kurs.",
    }
    headers = {"Authorization": f"Bearer {factories.api_token(group.members[1])}"}

    answer = client.post("/api/v1/proposals/", said, content_type="application/json", headers=headers)
    half = {**said, "from_container": None}
    refused = client.post("/api/v1/proposals/", half, content_type="application/json", headers=headers)

    assert (answer.status_code, answer.json()["moved_from"]) == (201, str(here))
    assert refused.status_code == 400


def filled_in(group: Committee, application: Application, at: Owner, **more: object) -> dict[str, object]:
    said = {"baseline": group.baseline.pk, "kind": "profile", "application": application.pk, "intent": "required"}
    return {**said, "container": f"{profile_of(at).kind}:{at.pk}", **more}


def test_while_it_is_filled_in_the_form_counts_on_the_computers(client: Client, group: Committee) -> None:
    school, application = factories.school(), vetted()
    for _ in range(3):
        factories.device(school)
    in_force()
    client.force_login(group.members[1])
    said = {"baseline": group.baseline.pk, "kind": "add", "application": application.pk, "intent": "required"}

    part = client.get("/proposals/new/", {**said, "container": f"school:{school.pk}"}, headers={"HX-Request": "true"})

    assert part.context["preview"].impact.computers == 3
    assert not SoftwareProfile.objects.exists()
    assert not Proposal.objects.exists()


def test_it_says_at_once_what_stands_in_the_way(client: Client, group: Committee) -> None:
    school, application = factories.school(), vetted()
    in_force()
    client.force_login(group.members[1])

    part = client.get("/proposals/new/", filled_in(group, application, school), headers={"HX-Request": "true"})

    assert part.context["preview"].impact is None
    assert str(school) in part.context["preview"].problems[0]


@pytest.mark.parametrize("kind, has, lacks", [("replace", "replaces", "moved_from"), ("remove", "container", "intent")])
def test_it_asks_only_for_what_its_kind_needs(
    client: Client, group: Committee, kind: str, has: str, lacks: str
) -> None:
    client.force_login(group.members[1])

    part = client.get("/proposals/new/", {"kind": kind}, headers={"HX-Request": "true"}).content.decode()

    assert f'name="{has}"' in part
    assert f'name="{lacks}"' not in part
    assert "<html" not in part


def test_counting_costs_few_queries_and_a_second_look_hardly_any(
    client: Client, group: Committee, django_assert_max_num_queries: Any
) -> None:
    school, application = factories.school(), vetted()
    in_force()
    client.force_login(group.members[1])
    said = {"baseline": group.baseline.pk, "kind": "add", "application": application.pk, "intent": "required"}
    address = ("/proposals/new/", {**said, "container": f"school:{school.pk}"})

    for most in (50, 28):
        with django_assert_max_num_queries(most):
            assert client.get(*address, headers={"HX-Request": "true"}).context["preview"].impact is not None
