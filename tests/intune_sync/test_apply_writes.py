from datetime import timedelta
from typing import Any

from django.db import connection

from deployments.models import ChangeSet
from deployments.services import changes, drafts
from intune_sync import services
from intune_sync.models import IntuneAssignment, Operation, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.push import apply, ledger
from intune_sync.push.unfinished import write_queue
from schools.models import AuditEvent
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Town, operation_of

LATER = NOW + timedelta(hours=1)


def keys(raws: list[dict]) -> set[str]:
    return {assignment_key(raw) for raw in raws}


def wanted(town: Town) -> str:
    return f"group:{town.gymnasium.entra_group_id}:required"


def test_the_app_is_assigned_and_the_foreign_assignment_survives_to_the_byte(town: Town):
    [foreign] = town.tenant.assignments(GEOGEBRA)
    change_set = town.started(GEOGEBRA)

    apply.work(NOW)

    after = town.tenant.assignments(GEOGEBRA)
    assert foreign in after
    assert keys(after) == {assignment_key(foreign), wanted(town)}
    change_set.refresh_from_db()
    assert change_set.status == "applied"


def test_a_verified_operation_leaves_ownership_mirror_and_audit_trail_true(town: Town):
    change_set = town.started(GEOGEBRA)

    apply.work(NOW)

    operation = operation_of(change_set)
    version = operation.change.app_version
    [call] = town.tenant.writes()
    event = AuditEvent.objects.get(act="assignments.written")
    assert operation.status == "verified"
    assert operation.change.written_at is not None
    assert list(OwnedAssignment.objects.filter(app_version=version).values_list("key", flat=True)) == [wanted(town)]
    assert set(IntuneAssignment.objects.filter(app__graph_id=version.intune_app_id).values_list("key", flat=True)) == (
        keys(town.tenant.assignments(GEOGEBRA))
    )
    assert event.after["client_request_id"] == call["client_request_id"] == str(operation.client_request_id)
    assert event.after["request_id"] == call["request_id"]
    assert wanted(town) in event.after["assignments"]
    assert wanted(town) not in event.before["assignments"]


def test_what_is_so_already_is_verified_without_a_write(town: Town):
    town.started(GEOGEBRA)
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.gymnasium.entra_group_id, "required"))

    apply.work(NOW)

    assert Operation.objects.get().status == "verified"
    assert town.tenant.writes() == []
    assert not OwnedAssignment.objects.filter(key=wanted(town), app_version__application__name=GEOGEBRA).exists()


def test_a_lost_answer_is_settled_by_reading_and_the_list_is_not_sent_again(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("drop_after")

    apply.work(NOW)
    unknown = operation_of(change_set)
    apply.work(LATER)

    assert (unknown.status, unknown.problem) == ("unknown", "answer_lost")
    assert operation_of(change_set).status == "verified"
    assert len(town.tenant.writes()) == 1
    assert OwnedAssignment.objects.filter(app_version=unknown.change.app_version).count() == 1


REFUSE_EVENTS = """
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
CREATE TRIGGER refused BEFORE INSERT ON schools_auditevent FOR EACH ROW WHEN (NEW.act = 'assignments.written')
EXECUTE FUNCTION pg_temp.refuse();
"""


def test_what_could_not_be_recorded_is_read_again_and_not_sent_again(town: Town):
    change_set = town.started(GEOGEBRA)
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_EVENTS)

    apply.work(NOW)
    unrecorded = operation_of(change_set)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refused ON schools_auditevent")
    apply.work(LATER)

    assert (unrecorded.status, unrecorded.problem) == ("unknown", "unexpected")
    assert operation_of(change_set).status == "verified"
    assert len(town.tenant.writes()) == 1


def test_a_call_that_never_arrived_is_sent_again_after_reading(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("drop_before")

    apply.work(NOW)
    apply.work(LATER)

    assert operation_of(change_set).status == "verified"
    assert wanted(town) in keys(town.tenant.assignments(GEOGEBRA))


def test_what_will_be_sent_is_in_the_database_before_it_is_sent(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("drop_before")

    apply.work(NOW)

    operation = operation_of(change_set)
    assert len(operation.request_hash) == 64
    assert operation.client_request_id
    assert len(operation.before) == 1


def test_throttling_becomes_a_waiting_row_for_all_and_no_call_is_made_before(town: Town, waits_are_over):
    town.started(GEOGEBRA, "GIMP", "Inkscape")
    town.tenant.fault("throttle", retry_after=30.5)

    apply.work(NOW)
    calls = len(town.tenant.calls())
    apply.work(NOW + timedelta(seconds=25))

    assert set(Operation.objects.values_list("status", flat=True)) == {"throttled", "ready"}
    assert len(town.tenant.calls()) == calls
    waits_are_over()
    apply.work(LATER)
    assert set(Operation.objects.values_list("status", "attempts")) == {("verified", 1)}


def test_an_unreachable_intune_makes_operations_wait_and_they_go_on_by_themselves(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("status", method="GET", path="/assignments", status=503, count=-1)

    for turn in range(2):
        apply.work(NOW + timedelta(hours=turn))
    waiting = operation_of(change_set)
    town.tenant.heal()
    apply.work(NOW + timedelta(hours=5))

    assert (waiting.status, waiting.problem, waiting.attempts, waiting.waits) == ("ready", "unavailable", 0, 2)
    assert operation_of(change_set).status == "verified"


def test_a_write_that_always_breaks_is_given_up_after_three_tries(town: Town):
    change_set = town.started(GEOGEBRA, "GIMP")
    town.tenant.fault("status", path=f"{town.tenant.app_id('GIMP')}/assign", status=500, count=-1)

    for turn in range(5):
        apply.work(NOW + timedelta(hours=turn))

    change_set.refresh_from_db()
    assert set(Operation.objects.values_list("status", "problem")) == {("verified", ""), ("failed", "answer_lost")}
    assert len(town.tenant.writes("GIMP")) == 3
    assert change_set.status == "failed"


def test_a_write_that_is_given_up_does_not_say_that_somebody_still_reads(town: Town):
    town.started(GEOGEBRA)
    town.tenant.fault("status", path="/assign", status=500, count=-1)

    said = []
    for turn in range(3):
        apply.work(NOW + timedelta(hours=turn))
        said.append(str(Operation.objects.get().get_problem_display()))
    [group] = write_queue().groups

    going_on, set_aside = Operation.Problem("answer_lost").label, Operation.SET_ASIDE["answer_lost"]
    assert said == [going_on, going_on, set_aside]
    assert group.why == set_aside


def test_a_refused_write_fails_at_once_in_intunes_own_words(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("status", status=400)

    apply.work(NOW)

    operation = operation_of(change_set)
    assert (operation.status, operation.problem) == ("failed", "refused")
    assert operation.error == "The service could not complete the request."


def test_an_app_that_is_gone_fails_and_the_others_are_written(town: Town):
    change_set = town.started(GEOGEBRA, "GIMP")
    town.tenant.fault("status", method="GET", path=f"{town.tenant.app_id('GIMP')}/assignments", status=404)

    apply.work(NOW)

    assert set(Operation.objects.values_list("status", "problem")) == {("verified", ""), ("failed", "app_gone")}
    change_set.refresh_from_db()
    assert change_set.status == "failed"


def test_a_foreign_write_after_ours_is_merged_with_it(town: Town):
    change_set = town.started(GEOGEBRA)
    theirs = assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    town.tenant.somebody_replaces_after_assign(GEOGEBRA, [theirs])

    apply.work(NOW)

    operation = operation_of(change_set)
    assert operation.status == "verified"
    assert operation.merges == 1
    assert keys(town.tenant.assignments(GEOGEBRA)) == {assignment_key(theirs), wanted(town)}


def test_a_foreign_write_between_our_reading_and_our_writing_is_put_back(town: Town):
    change_set = town.started(GEOGEBRA)
    theirs = assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    town.tenant.somebody_adds_after_reading(GEOGEBRA, theirs)

    apply.work(NOW)

    operation = operation_of(change_set)
    assert (operation.status, operation.merges) == ("verified", 1)
    before = keys(town.tenant.at_start[town.tenant.app_id(GEOGEBRA)])
    assert keys(town.tenant.assignments(GEOGEBRA)) == before | {assignment_key(theirs), wanted(town)}


def test_it_is_put_back_by_a_writer_with_a_registration_of_its_own(town: Town, settings: Any):
    own = town.tenant.sandbox.registrations["writer"]
    writer = {"client_id": own["client_id"], "client_secret": own["client_secret"], "client_certificate": ""}
    settings.GRAPH_IDENTITIES = {**settings.GRAPH_IDENTITIES, "writer": writer}
    town.started(GEOGEBRA)
    theirs = assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    town.tenant.somebody_adds_after_reading(GEOGEBRA, theirs)

    apply.work(NOW)

    assert {assignment_key(theirs), wanted(town)} < keys(town.tenant.assignments(GEOGEBRA))


def test_what_somebody_took_away_between_our_reading_and_our_writing_stays_away(town: Town):
    [foreign] = town.tenant.assignments(GEOGEBRA)
    change_set = town.started(GEOGEBRA)
    app_id = town.tenant.app_id(GEOGEBRA)
    when = {"after_method": "GET", "path_contains": f"{app_id}/assignments"}
    town.tenant.sandbox.post("/sandbox/foreign", {"app_id": app_id, "remove": [foreign["id"]], "when": when})

    apply.work(NOW)

    assert keys(town.tenant.assignments(GEOGEBRA)) == {wanted(town)}
    assert operation_of(change_set).status == "verified"
    assert operation_of(change_set).merges == 1


def test_a_foreign_write_just_before_one_whose_answer_was_lost_is_put_back(town: Town):
    change_set = town.started(GEOGEBRA)
    theirs = assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "required")
    town.tenant.somebody_adds_after_reading(GEOGEBRA, theirs)
    town.tenant.fault("drop_after")

    apply.work(NOW)
    lost = keys(town.tenant.assignments(GEOGEBRA))
    apply.work(LATER)

    assert assignment_key(theirs) not in lost
    assert operation_of(change_set).status == "verified"
    assert {assignment_key(theirs), wanted(town)} < keys(town.tenant.assignments(GEOGEBRA))


def test_a_write_without_anybody_else_costs_four_calls(town: Town):
    town.started(GEOGEBRA)
    before = len(town.tenant.calls())

    apply.work(NOW)

    methods = [(call["method"], call["path"].rsplit("/", 1)[1]) for call in town.tenant.calls()[before:]]
    assert methods == [("GET", "assignments"), ("POST", "assign"), ("GET", "assignments"), ("GET", "auditEvents")]


def test_a_foreign_assignment_that_clashes_is_left_and_the_operation_says_so(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.gymnasium.entra_group_id, "uninstall"))
    before = town.tenant.assignments(GEOGEBRA)

    apply.work(NOW)

    operation = operation_of(change_set)
    assert (operation.status, operation.problem) == ("failed", "foreign")
    assert town.tenant.assignments(GEOGEBRA) == before


def test_a_worker_that_lost_its_lease_before_sending_sends_nothing(town: Town):
    town.started(GEOGEBRA)
    late = ledger.claim(NOW, "late")
    ledger.claim(LATER, "other")

    with apply.graph.client() as client:
        apply.try_operation(late, client, lambda: LATER)

    assert town.tenant.writes() == []
    assert Operation.objects.get().worker == "other"


def test_retrying_takes_up_what_failed_and_leaves_what_was_written(town: Town):
    change_set = town.started(GEOGEBRA, "GIMP")
    town.tenant.fault("status", path=f"{town.tenant.app_id('GIMP')}/assign", status=400)
    apply.work(NOW)
    change_set.refresh_from_db()

    services.retry_change_set(change_set, town.requester, LATER)
    apply.work(LATER)

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert len(town.tenant.writes(GEOGEBRA)) == 1


def test_an_abandoned_change_makes_room_for_the_next(town: Town):
    change_set = town.started(GEOGEBRA)
    town.tenant.fault("status", status=400)
    apply.work(NOW)

    services.abandon_change_set(ChangeSet.objects.get(pk=change_set.pk), town.requester, "Programmet ska packas om")

    assert town.started("GIMP").status == "applying"


def test_a_task_takes_up_no_more_than_it_may_and_says_that_more_is_due(town: Town):
    town.started(GEOGEBRA, "GIMP", "Inkscape")

    assert apply.work(NOW, most=2) == apply.Worked(taken=2, more=True)
    assert apply.work(NOW, most=2) == apply.Worked(taken=1, more=False)


def test_taking_an_app_away_removes_our_assignment_alone(town: Town):
    town.started(GEOGEBRA)
    apply.work(NOW)
    draft = drafts.start_draft(town.baseline, town.requester)
    drafts.drop_entry(draft.entries.get(application__name=GEOGEBRA), town.requester)
    change_set = town.approve(town.plan(changes.propose(draft, town.requester)))
    services.apply_change_set(change_set, town.requester, LATER)

    apply.work(LATER)

    assert town.tenant.assignments(GEOGEBRA) == town.tenant.at_start[town.tenant.app_id(GEOGEBRA)]
    assert not OwnedAssignment.objects.filter(app_version=town.version(GEOGEBRA)).exists()
