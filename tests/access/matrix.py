"""Who may do what: every route × method × role × own or other school.

A role that a cell does not name is denied. `test_matrix.py` performs every cell, and fails for a route, a method or an
API operation that is not here, and for a line here that the portal no longer serves. What follows a # in a line's name
is another state of the object that the route shows.
"""

from __future__ import annotations

from tests.access.table import MINE, PUBLIC, SIGNED_IN, Row, allow, row

# Readers of lists: a list answers anybody who reads some of its rows, and then shows those.
DEVICES = allow("it_admin auditor approver school_it")
SCHOOLS = allow("it_admin auditor committee approver school_it teacher")
SOFTWARE = SCHOOLS
CHANGES = allow("it_admin auditor approver school_it")
TRAIL = allow("it_admin auditor approver school_it")
WIDE = allow("it_admin auditor")
RUNS = WIDE

# Readers of one object.
DEVICE = allow("it_admin auditor", own="approver school_it")
SCHOOL = allow("it_admin auditor committee", own="approver school_it teacher")
CONTAINER = SCHOOL
CHANGE = allow("it_admin auditor", own="approver school_it")
EVENT = allow("it_admin auditor", own="approver school_it")
PREPARING = allow("it_admin auditor committee")

REQUEST = SCHOOL
ASKING = allow("approver school_it teacher")
HANDS_OVER = allow("approver")
DECIDES = allow("it_admin", own="approver")
WRITES = allow("it_admin", own="approver school_it teacher")
FOLLOWS = allow("it_admin", own="approver school_it")
STAFF = allow(own="approver school_it")
WRITER = allow(own="teacher")

IT = allow("it_admin")
CLASS_GROUPS = allow("it_admin", own="school_it")

MEETINGS = PREPARING
COMMITTEE = allow("it_admin committee")
PROPOSALS = allow("it_admin auditor committee approver school_it")
DISCUSSES = allow("it_admin committee approver school_it")
ITEM_OF_A_MEETING = {"pk": "open_meeting", "item": "agenda_item"}

SEES = {
    "device": DEVICE,
    "school": SCHOOL,
    "container": CONTAINER,
    "class_group": SCHOOL,
    "decision": SCHOOL,
    "change_set": CHANGE,
    "request": REQUEST,
    "review_request": REQUEST,
    "draft_request": WRITER,
    "deputy": allow(own="approver"),
    "audit_event": EVENT,
    "install_status": DEVICE,
    "token": MINE,
    "notification": MINE,
}
"""Whose eyes an object that belongs to a school (or a person) is for; for anybody else it does not exist."""

PAGES: dict[str, Row] = {
    "overview": row(GET=SIGNED_IN),
    "health": row(GET=PUBLIC),
    "robots": row(GET=PUBLIC),
    "theme": row(POST=PUBLIC),
    "api_reference": row(GET=SIGNED_IN),
    "api_schema": row(GET=SIGNED_IN),
    # schools
    "schools:login": row(GET=PUBLIC, POST=PUBLIC),
    "schools:logout": row(POST=SIGNED_IN),
    "schools:language": row(POST=PUBLIC),
    "schools:account": row(GET=SIGNED_IN),
    "schools:password": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "schools:token_issue": row(POST=SIGNED_IN),
    "schools:token_revoke": row("token", POST=MINE),
    "schools:notification_settings": row(POST=SIGNED_IN),
    "schools:notification_list": row(GET=SIGNED_IN),
    "schools:notifications_read": row(POST=SIGNED_IN),
    "schools:notification": row("notification", GET=MINE),
    "schools:mailbox": row(GET=SIGNED_IN),
    "schools:webhook_list": row(GET=IT, POST=IT),
    "schools:webhook": row("webhook", GET=IT, POST=IT),
    "schools:delivery_again": row(keys={"pk": "webhook", "delivery": "webhook_delivery"}, POST=IT),
    "schools:audit": row(GET=TRAIL),
    "schools:audit_verify": row(POST=allow("it_admin auditor")),
    # fleet
    "fleet:device_list": row(GET=DEVICES),
    "fleet:device_export": row(fixed={"format": "csv"}, GET=DEVICES),
    # deployments
    "deployments:device": row("device", GET=DEVICE),
    "deployments:give_own": row("device", GET=IT),
    "deployments:school_list": row(GET=SCHOOLS),
    "deployments:school": row("school", GET=SCHOOL),
    "deployments:application_list": row(GET=SOFTWARE),
    "deployments:application": row("application", GET=SOFTWARE),
    "deployments:add_application": row(GET=IT, POST=IT),
    "deployments:edit_application": row("application", GET=IT, POST=IT),
    "deployments:vetting_card": row("application", GET=IT, POST=IT),
    "deployments:licence_seats": row("application", GET=PREPARING),
    "deployments:add_licence": row("application", GET=IT, POST=IT),
    "deployments:change_licence": row(keys={"pk": "application", "pool": "licence"}, GET=IT, POST=IT),
    "deployments:drop_licence": row(keys={"pk": "application", "pool": "licence"}, POST=IT),
    "deployments:version_needs": row(keys={"pk": "application", "version": "app_version"}, GET=IT, POST=IT),
    "deployments:capability_list": row(GET=PREPARING),
    "deployments:add_capability": row(GET=IT, POST=IT),
    "deployments:change_capability": row("capability", GET=IT, POST=IT),
    "deployments:program_list": row(GET=allow("it_admin approver school_it teacher")),
    "deployments:baseline_list": row(GET=SOFTWARE),
    "deployments:open_semester": row(GET=IT, POST=IT),
    "deployments:baseline": row("baseline", GET=SOFTWARE),
    "deployments:container": row("container", GET=CONTAINER),
    "deployments:class_group_list": row("school", GET=SCHOOL, POST=CLASS_GROUPS),
    "deployments:class_group": row("class_group", GET=SCHOOL),
    "deployments:put_in_class_group": row("class_group", POST=CLASS_GROUPS),
    "deployments:take_out_of_class_group": row("class_group", POST=CLASS_GROUPS),
    "deployments:decision": row("decision", GET=SCHOOL),
    "deployments:roll_back": row("decision", POST=IT),
    "deployments:compare": row(GET=SOFTWARE),
    "deployments:export_revision": row("revision", GET=PREPARING),
    "deployments:impact": row("draft", GET=PREPARING),
    "deployments:impact#decided": row("revision", GET=PREPARING),
    "deployments:import_revision": row("baseline", GET=IT, POST=IT),
    "deployments:revision": row("revision", GET=SOFTWARE),
    "deployments:revision#draft": row("draft", GET=PREPARING),
    "deployments:start_draft": row("baseline", POST=IT),
    "deployments:add_entry": row("draft", GET=IT, POST=IT),
    "deployments:change_entry": row(keys={"pk": "draft", "entry": "entry"}, GET=IT, POST=IT),
    "deployments:drop_entry": row(keys={"pk": "draft", "entry": "entry"}, POST=IT),
    "deployments:propose": row("draft", POST=IT),
    "deployments:publish": row("revision", POST=IT),
    "deployments:discard_draft": row("draft", POST=IT),
    "deployments:bring_up_to_date": row("draft", POST=IT),
    # requests
    "deployments:request_list": row(GET=SOFTWARE),
    "deployments:new_request": row(GET=ASKING, POST=ASKING),
    "deployments:request_answers": row(GET=ASKING),
    "deployments:support_request": row(POST=ASKING),
    "deployments:request_review": row(GET=WIDE),
    "deployments:deputies": row(GET=HANDS_OVER, POST=HANDS_OVER),
    "deployments:end_deputy": row("deputy", POST=allow(own="approver")),
    "deployments:request": row("request", GET=REQUEST),
    "deployments:request#review": row("review_request", GET=REQUEST),
    "deployments:request#draft": row("draft_request", GET=WRITER),
    "deployments:change_request": row("draft_request", GET=WRITER, POST=WRITER),
    "deployments:submit_request": row("draft_request", POST=WRITER),
    "deployments:approve_request": row("request", POST=DECIDES),
    "deployments:approve_request#review": row("review_request", POST=DECIDES),
    "deployments:refuse_request": row("request", POST=DECIDES),
    "deployments:withdraw_request": row("request", POST=STAFF),
    "deployments:message_request": row("request", POST=WRITES),
    "deployments:pilot_works": row("request", POST=FOLLOWS),
    "deployments:skip_pilot": row("request", POST=FOLLOWS),
    "deployments:request_to_committee": row("review_request", POST=IT),
    "deployments:name_application": row("review_request", POST=IT),
    "deployments:merge_request": row("review_request", POST=IT),
    # deployments: the committee
    "deployments:semester_dates": row("baseline", GET=IT, POST=IT),
    "deployments:proposal_list": row(GET=PROPOSALS),
    "deployments:make_proposal": row(GET=COMMITTEE, POST=COMMITTEE),
    "deployments:proposal": row("proposal", GET=PROPOSALS),
    "deployments:support_proposal": row("proposal", POST=DISCUSSES),
    "deployments:comment_proposal": row("proposal", POST=DISCUSSES),
    "deployments:withdraw_proposal": row("proposal", POST=COMMITTEE),
    "deployments:reopen_proposal": row("proposal", POST=COMMITTEE),
    "deployments:raise_request": row("request", POST=COMMITTEE),
    "deployments:meeting_list": row(GET=MEETINGS),
    "deployments:call_meeting": row(GET=COMMITTEE, POST=COMMITTEE),
    "deployments:seat_list": row(GET=MEETINGS),
    "deployments:add_seat": row(GET=IT, POST=IT),
    "deployments:change_seat": row("seat", GET=IT, POST=IT),
    "deployments:delegation_list": row(GET=MEETINGS),
    "deployments:give_delegation": row(GET=COMMITTEE, POST=COMMITTEE),
    "deployments:end_delegation": row("delegation", POST=COMMITTEE),
    "deployments:decide_by_delegation": row("delegation", GET=allow("committee"), POST=allow("committee")),
    "deployments:meeting": row("meeting", GET=MEETINGS),
    "deployments:change_meeting": row("meeting", GET=COMMITTEE, POST=COMMITTEE),
    "deployments:refresh_agenda": row("meeting", POST=COMMITTEE),
    "deployments:add_item": row("meeting", POST=COMMITTEE),
    "deployments:open_meeting": row("meeting", POST=COMMITTEE),
    "deployments:move_item": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "deployments:write_note": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "deployments:vote": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "deployments:reserve": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "deployments:decide_item": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "deployments:meeting_room": row("open_meeting", GET=MEETINGS),
    "deployments:mark_present": row("open_meeting", POST=COMMITTEE),
    "deployments:close_meeting": row("open_meeting", POST=COMMITTEE),
    "deployments:sign_minutes": row("closed_meeting", POST=allow("committee")),
    "deployments:minutes": row("closed_meeting", GET=MEETINGS),
    "deployments:minutes_file": row("closed_meeting", GET=MEETINGS),
    # intune_sync
    "intune_sync:health": row(GET=RUNS),
    "intune_sync:start_sync": row(POST=IT),
    "intune_sync:sync_run_list": row(GET=RUNS),
    "intune_sync:sync_run": row("run", GET=RUNS),
    "intune_sync:release_run": row("unsafe_run", POST=IT),
    "intune_sync:unmatched_list": row(GET=RUNS),
    "intune_sync:change_set_list": row(GET=CHANGES),
    "intune_sync:change_set": row("change_set", GET=CHANGE),
    "intune_sync:change_set#waiting": row("waiting_change", GET=WIDE),
    "intune_sync:change_set_devices": row("change_set", GET=CHANGE),
    "intune_sync:plan_change_set": row("change_set", POST=IT),
    "intune_sync:approve_change_set": row("change_set", POST=IT),
    "intune_sync:reject_change_set": row("change_set", POST=IT),
    "intune_sync:cancel_change_set": row("change_set", POST=IT),
    "intune_sync:apply_change_set": row("change_set", POST=IT),
    "intune_sync:retry_change_set": row("change_set", POST=IT),
    "intune_sync:abandon_change_set": row("change_set", POST=IT),
    "intune_sync:app_list": row(GET=RUNS),
    "intune_sync:create_app": row(GET=IT, POST=IT),
    "intune_sync:retry_app": row("new_app", POST=IT),
    "intune_sync:take_over": row("baseline", POST=IT),
    "intune_sync:adopt_app": row("intune_app", POST=IT),
}

API: dict[str, Row] = {
    # schools
    "/api/v1/schools/": row(GET=SCHOOLS),
    "/api/v1/schools/{}/": row("school", GET=SCHOOL),
    "/api/v1/notifications/": row(GET=SIGNED_IN),
    "/api/v1/notifications/{}/": row("notification", GET=MINE),
    "/api/v1/notifications/{}/read/": row("notification", POST=MINE),
    "/api/v1/audit-events/": row(GET=TRAIL),
    "/api/v1/audit-events/{}/": row("audit_event", GET=EVENT),
    # fleet
    "/api/v1/devices/": row(GET=DEVICES),
    "/api/v1/devices/{}/": row("device", GET=DEVICE),
    # deployments
    "/api/v1/applications/": row(GET=SOFTWARE),
    "/api/v1/applications/{}/": row("application", GET=SOFTWARE),
    "/api/v1/capabilities/": row(GET=PREPARING),
    "/api/v1/capabilities/{}/": row("capability", GET=PREPARING),
    "/api/v1/baselines/": row(GET=SOFTWARE),
    "/api/v1/baselines/{}/": row("baseline", GET=SOFTWARE),
    "/api/v1/revisions/": row(GET=SOFTWARE),
    "/api/v1/revisions/{}/": row("revision", GET=SOFTWARE),
    "/api/v1/revisions/{}/#draft": row("draft", GET=PREPARING),
    "/api/v1/baselines/{}/drafts/": row("baseline", POST=IT),
    "/api/v1/baselines/{}/import/": row("baseline", POST=IT),
    "/api/v1/revisions/{}/export/": row("revision", GET=PREPARING),
    "/api/v1/revisions/{}/propose/": row("draft", POST=IT),
    "/api/v1/revisions/{}/publish/": row("revision", POST=IT),
    "/api/v1/revisions/{}/discard/": row("draft", POST=IT),
    "/api/v1/decisions/": row(GET=SOFTWARE),
    "/api/v1/decisions/{}/": row("decision", GET=SCHOOL),
    "/api/v1/decisions/{}/take-back/": row("decision", POST=IT),
    "/api/v1/proposals/": row(GET=PROPOSALS, POST=COMMITTEE),
    "/api/v1/proposals/{}/": row("proposal", GET=PROPOSALS),
    "/api/v1/proposals/{}/support/": row("proposal", POST=DISCUSSES),
    "/api/v1/proposals/{}/comment/": row("proposal", POST=DISCUSSES),
    "/api/v1/proposals/{}/withdraw/": row("proposal", POST=COMMITTEE),
    "/api/v1/delegations/": row(GET=MEETINGS),
    "/api/v1/delegations/{}/": row("delegation", GET=MEETINGS),
    "/api/v1/delegations/{}/decide/": row("delegation", POST=allow("committee")),
    "/api/v1/meetings/": row(GET=MEETINGS, POST=COMMITTEE),
    "/api/v1/meetings/{}/": row("meeting", GET=MEETINGS),
    "/api/v1/meetings/{}/open/": row("meeting", POST=COMMITTEE),
    "/api/v1/meetings/{}/present/": row("open_meeting", POST=COMMITTEE),
    "/api/v1/meetings/{}/items/{}/note/": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "/api/v1/meetings/{}/items/{}/vote/": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "/api/v1/meetings/{}/items/{}/reserve/": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "/api/v1/meetings/{}/items/{}/outcome/": row(keys=ITEM_OF_A_MEETING, POST=COMMITTEE),
    "/api/v1/meetings/{}/close/": row("open_meeting", POST=COMMITTEE),
    "/api/v1/meetings/{}/sign/": row("closed_meeting", POST=allow("committee")),
    "/api/v1/install-status/": row(GET=DEVICES),
    "/api/v1/install-status/{}/": row("install_status", GET=DEVICE),
    "/api/v1/change-sets/": row(GET=CHANGES),
    "/api/v1/change-sets/{}/": row("change_set", GET=CHANGE),
    "/api/v1/change-sets/{}/#waiting": row("waiting_change", GET=WIDE),
    "/api/v1/change-sets/{}/progress/": row("change_set", GET=CHANGE),
    "/api/v1/change-sets/{}/approve/": row("change_set", POST=IT),
    "/api/v1/change-sets/{}/reject/": row("change_set", POST=IT),
    "/api/v1/change-sets/{}/cancel/": row("change_set", POST=IT),
    # requests
    "/api/v1/requests/": row(GET=SOFTWARE, POST=ASKING),
    "/api/v1/requests/{}/": row("request", GET=REQUEST),
    "/api/v1/requests/{}/submit/": row("draft_request", POST=WRITER),
    "/api/v1/requests/{}/approve/": row("request", POST=DECIDES),
    "/api/v1/requests/{}/refuse/": row("request", POST=DECIDES),
    "/api/v1/requests/{}/withdraw/": row("request", POST=STAFF),
    "/api/v1/requests/{}/works/": row("request", POST=FOLLOWS),
    "/api/v1/requests/{}/skip/": row("request", POST=FOLLOWS),
    "/api/v1/requests/{}/committee/": row("review_request", POST=IT),
    "/api/v1/requests/{}/application/": row("review_request", POST=IT),
    "/api/v1/requests/{}/merge/": row("review_request", POST=IT),
    "/api/v1/requests/{}/raise/": row("request", POST=COMMITTEE),
    "/api/v1/requests/{}/messages/": row("request", GET=REQUEST, POST=WRITES),
    # intune_sync
    "/api/v1/change-sets/{}/plan/": row("change_set", GET=CHANGE),
    "/api/v1/change-sets/{}/preview/": row("change_set", POST=IT),
    "/api/v1/change-sets/{}/apply/": row("change_set", POST=IT),
    "/api/v1/change-sets/{}/retry/": row("change_set", POST=IT),
    "/api/v1/change-sets/{}/abandon/": row("change_set", POST=IT),
    "/api/v1/new-apps/": row(GET=IT, POST=IT),
    "/api/v1/new-apps/{}/": row("new_app", GET=IT),
    "/api/v1/new-apps/{}/retry/": row("new_app", POST=IT),
    "/api/v1/sync-runs/": row(GET=RUNS, POST=IT),
    "/api/v1/sync-runs/{}/": row("run", GET=RUNS),
    "/api/v1/sync-runs/{}/release/": row("unsafe_run", POST=IT),
}
