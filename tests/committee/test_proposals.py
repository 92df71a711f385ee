"""Proposals, and decisions by delegation between the meetings."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from deployments.committee.specs import specs_of
from deployments.models import BaselineEntry, BaselineRevision, Decision, Delegation, Proposal
from deployments.models.moves import InvalidMove
from deployments.services import proposals
from deployments.services.delegations import decide_by_delegation, delegate, end_delegation
from deployments.services.deliberation import decide
from deployments.services.minutes import close_meeting
from deployments.services.profiles import profile_of
from deployments.services.proposals import WindowClosed, propose, raise_from_request
from schools.models import AuditEvent, Notification
from tests import factories
from tests.committee.table import Committee, called, committee, decide_all, opened, proposal, vetted
from tests.deployments.request_factories import app_request
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def in_force() -> BaselineRevision:
    return factories.revision("active", of=factories.baseline("VT"))


def test_nobody_proposes_before_the_window_opens_or_after_the_freeze(group: Committee) -> None:
    semester = group.baseline.semester
    semester.proposals_open_on, semester.freeze_on = NOW.date() - timedelta(days=9), NOW.date() - timedelta(days=1)
    semester.save()

    with pytest.raises(WindowClosed):
        proposal(group)


def test_schools_see_and_discuss_proposals_but_do_not_make_them(group: Committee) -> None:
    approver = factories.person("approver", factories.school())
    made = proposal(group)
    proposals.support(made, approver)
    proposals.comment(made, "Vi vill också.", approver)

    with pytest.raises(PermissionDenied):
        proposal(group, by=approver)
    assert list(Proposal.objects.visible_to(approver)) == [made]
    assert made.supporters.count() == made.comments.count() == 1


def test_a_proposal_for_another_school_is_not_a_schools_business(group: Committee) -> None:
    elsewhere = profile_of(factories.school())
    said = {"kind": "add", "intent": "required", "reason": "För skolan.", "by": group.secretary}
    propose(group.baseline, application=vetted(), profile=elsewhere, on=NOW.date(), **said)  # type: ignore[arg-type]

    assert not Proposal.objects.visible_to(factories.person("approver", factories.school())).exists()


def test_the_same_is_proposed_once(group: Committee) -> None:
    made = proposal(group)

    with pytest.raises(ValidationError):
        proposal(group, made.application, by=group.members[2])


def test_what_the_computers_do_not_have_cannot_be_removed(group: Committee) -> None:
    in_force()

    with pytest.raises(ValidationError) as refused:
        proposal(group, kind="remove", intent="")
    assert "application" in refused.value.error_dict


def test_a_replacement_takes_one_away_and_gives_the_other(group: Committee) -> None:
    old, new = vetted(), vetted()
    factories.entry(in_force(), factories.municipality(), old)

    made = proposal(group, new, kind="replace", replaces=old)

    assert [(spec.application, spec.action) for spec in specs_of(made)] == [(old, "remove"), (new, "add")]


def test_a_new_scope_ends_the_former_ones(group: Committee) -> None:
    application, school = vetted(), factories.school()
    revision = in_force()
    factories.entry(revision, school, application)
    factories.entry(revision, factories.municipality(), application)

    made = propose(
        group.baseline,
        kind="scope",
        application=application,
        profile=profile_of(school.school_form),
        intent="required",
        reason="Bara gymnasiet.",
        by=group.secretary,
        on=NOW.date(),
    )

    said = {str(spec.profile): spec.action for spec in specs_of(made)}
    assert said[str(factories.municipality())] == "remove"
    assert said[str(school)] == said[str(school.school_form)] == "add"


def test_only_whoever_made_it_or_it_withdraws_and_not_once_decided(group: Committee) -> None:
    made = proposal(group)
    with pytest.raises(PermissionDenied):
        proposals.withdraw(made, group.members[2])
    proposals.withdraw(made, group.secretary)

    with pytest.raises(InvalidMove):
        proposals.withdraw(made, group.secretary)


def test_one_that_was_sent_back_is_put_again_with_more_facts(group: Committee) -> None:
    made = proposal(group)
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="returned")
    close_meeting(meeting, group.chair, NOW)
    made.refresh_from_db()

    proposals.reopen(made, "Nu med kostnad.", group.members[1], on=NOW.date())

    assert (made.status, made.reason) == ("open", "Nu med kostnad.")
    assert Notification.objects.filter(user=group.members[1], kind="proposal.returned").exists()


def test_a_request_becomes_a_proposal_for_everybody(group: Committee) -> None:
    wish = app_request("review", factories.school(), application=vetted())

    made = raise_from_request(wish, group.secretary, on=NOW.date())

    assert (made.raised_from, made.profile.kind) == (wish, "municipality")


def held_by(member: object, group: Committee, **columns: object) -> Delegation:
    dates = {"starts_on": date(2020, 1, 1), "ends_on": date(2099, 1, 1)}
    return delegate(member, "Det som inte kan vänta", by=group.secretary, **{**dates, **columns})  # type: ignore[arg-type]


def test_a_delegated_decision_is_carried_out_and_named_on_the_next_agenda(group: Committee) -> None:
    in_force()
    made = proposal(group)
    delegation = held_by(group.chair, group)
    meeting = called(group)

    decision = decide_by_delegation(delegation, made, "Provet är nästa vecka.", group.chair, NOW)

    made.refresh_from_db()
    change = decision.change_sets.get()
    assert (made.status, change.requested_by, change.decision) == ("granted", made.proposed_by, decision)
    assert BaselineEntry.objects.get(revision=change.revision).decision == decision
    assert [item.kind for item in meeting.items.all()] == ["information"]
    assert Decision.objects.get().noted_at == meeting.items.get()


def test_a_delegation_covers_its_time_its_schools_and_nobodys_own_proposal(group: Committee) -> None:
    in_force()
    made = proposal(group)
    narrow = held_by(group.chair, group, administration=factories.administration("BUF"))
    past = held_by(group.chair, group, ends_on=date(2020, 2, 1))
    own = held_by(group.members[1], group)

    for delegation, who in ((narrow, group.chair), (past, group.chair), (own, group.members[1])):
        with pytest.raises(ValidationError):
            decide_by_delegation(delegation, made, "Brådskar.", who, NOW)
    with pytest.raises(PermissionDenied):
        decide_by_delegation(narrow, made, "Brådskar.", group.members[2], NOW)


def test_nobody_gives_themselves_a_delegation_and_one_that_ends_leaves_an_event(group: Committee) -> None:
    with pytest.raises(ValidationError):
        delegate(group.chair, "Allt", date(2020, 1, 1), date(2099, 1, 1), by=group.chair)

    end_delegation(held_by(group.chair, group), group.secretary, NOW.date())

    assert AuditEvent.objects.get(act="delegation.ended").after["ends_on"] == "2027-01-11"


def test_what_was_decided_at_the_meeting_is_told_to_whoever_proposed_it(group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = meeting.items.get()
    decide(item, "granted", item.edition, group.chair, NOW)
    close_meeting(meeting, group.chair, NOW)

    assert Notification.objects.filter(user=group.members[1], kind="proposal.granted").count() == 1
