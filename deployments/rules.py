"""Who may do what in this room. Reading follows `schools.access.READERS`; each row is also kept to `visible_to`."""

from __future__ import annotations

import rules

from deployments.committee import permissions as committee
from deployments.exceptions import permissions as exceptions
from deployments.requests import permissions as requests
from schools import access
from schools.models import School, User
from schools.rules import everywhere, is_it_admin, reader_of


def _keeps_class_groups(user: User, school: School | None = None) -> bool:
    """IT administrators everywhere, a school's IT people there. Without a school: somewhere."""
    if school is None:
        return not user.access.roles.isdisjoint({access.IT_ADMIN, access.SCHOOL_IT})
    return user.access.holds(access.IT_ADMIN, access.SCHOOL_IT, school_id=school.pk)


for verb in (
    "view_application",
    "view_capability",
    "view_licence",
    "view_program",
    "view_baseline",
    "view_draft",
    "view_changeset",
    "view_proof",
):
    rules.add_perm(f"deployments.{verb}", reader_of(f"deployments.{verb}"))

rules.add_perm("deployments.edit_application", is_it_admin)
rules.add_perm("deployments.edit_baseline", is_it_admin)
rules.add_perm("deployments.export_revision", everywhere(access.IT_ADMIN, access.AUDITOR, access.COMMITTEE))
rules.add_perm("deployments.edit_class_group", rules.predicate(_keeps_class_groups))
rules.add_perm("deployments.propose_change", is_it_admin)
rules.add_perm("deployments.approve_changeset", is_it_admin)
rules.add_perm("deployments.cancel_changeset", is_it_admin)
rules.add_perm("deployments.apply_changeset", is_it_admin)
rules.add_perm("deployments.run_rollout", is_it_admin)
rules.add_perm("deployments.view_simulation", reader_of("deployments.view_simulation"))
rules.add_perm("deployments.simulate", everywhere(access.IT_ADMIN, access.COMMITTEE))
rules.add_perm("deployments.edit_assumption", is_it_admin)

rules.add_perm("deployments.view_apprequest", reader_of("deployments.view_apprequest"))
rules.add_perm("deployments.make_apprequest", requests.asks)
rules.add_perm("deployments.decide_apprequest", requests.decides)
rules.add_perm("deployments.write_apprequest", requests.writes)
rules.add_perm("deployments.follow_apprequest", requests.follows_up)
rules.add_perm("deployments.withdraw_apprequest", requests.withdraws)
rules.add_perm("deployments.review_apprequest", is_it_admin)
rules.add_perm("deployments.see_request_figures", everywhere(access.IT_ADMIN, access.AUDITOR))
rules.add_perm("deployments.hand_over_approval", requests.hands_over)

rules.add_perm("deployments.ask_exception", exceptions.asks)
rules.add_perm("deployments.decide_exception", exceptions.decides)
rules.add_perm("deployments.end_exception", exceptions.ends)
rules.add_perm("deployments.renew_exception", exceptions.renews)

rules.add_perm("deployments.view_proposal", reader_of("deployments.view_proposal"))
rules.add_perm("deployments.make_proposal", committee.prepares)
rules.add_perm("deployments.discuss_proposal", committee.discusses)
rules.add_perm("deployments.take_stance", committee.takes_stances)
rules.add_perm("deployments.view_meeting", reader_of("deployments.view_meeting"))
rules.add_perm("deployments.run_meeting", committee.prepares)
rules.add_perm("deployments.edit_seats", is_it_admin)
rules.add_perm("deployments.delegate", committee.prepares)
rules.add_perm("deployments.view_delegation", committee.sees_delegations)
rules.add_perm("deployments.decide_by_delegation", committee.holds_a_delegation)
