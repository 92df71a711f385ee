from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from deployments.models import AgendaItem, Assumption, Decision, Meeting
from deployments.proof.assumptions import a_year_before, assumptions
from deployments.proof.evidence import KINDS, Period, Whose, computers, times_of
from deployments.proof.saved import Saved, saved_in
from deployments.services.assumptions import change_assumption
from fleet.models import Device
from intune_sync.models import Epoch, Operation
from schools.models import AuditEvent, School
from tests import factories as make
from tests.deployments.proof.factories import AFTER, WRITTEN, carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_known_figures_come_out_as_the_municipality_knows_them() -> None:
    before = a_year_before(assumptions())

    assert before.collected == 18_000
    assert before.collecting_hours == 630
    assert Decimal("3.9") < before.person_months < 4  # nearly four person-months a year
    assert (before.reinstalls, before.reinstall_hours) == (400, 400)
    assert assumptions()["collected_per_term"].value == 9000
    assert assumptions()["reinstalls_a_week"].value == 10


def test_assumption_is_changed_with_its_source_and_told_in_the_audit_trail() -> None:
    admin = make.person("it_admin")

    change_assumption("reinstalls_a_week", Decimal("12.50"), "Ärendesystemet, HT 2026", by=admin, now=NOW)
    change_assumption("reinstalls_a_week", Decimal("12.5"), "Ärendesystemet, HT 2026", by=admin, now=NOW)

    known = assumptions()["reinstalls_a_week"]
    assert (known.value, known.source, known.changed_by) == (Decimal("12.5"), "Ärendesystemet, HT 2026", admin)
    event = AuditEvent.objects.get(act="assumption.changed")
    assert (event.before["value"], event.after["value"]) == ("10", "12.5")
    assert a_year_before(assumptions()).reinstalls == 500


@pytest.mark.parametrize(
    ("code", "value", "source"), [("other", "1", "Mätt"), ("terms_a_year", "-1", "Mätt"), ("terms_a_year", "2", " ")]
)
def test_assumption_without_sense_is_refused(code: str, value: str, source: str) -> None:
    with pytest.raises(ValidationError):
        change_assumption(code, Decimal(value), source, by=make.person("it_admin"), now=NOW)

    assert not Assumption.objects.exists()


def committees() -> Decision:
    meeting = Meeting.objects.create(
        baseline=make.baseline(), starts_at=NOW, chair=make.person(), secretary=make.person(), status="open"
    )
    item = AgendaItem.objects.create(meeting=meeting, number=1, kind="information", title="Program")
    return make.decision(kind="meeting", item=item)


def saved(whose: Whose | None = None) -> Saved:
    return saved_in(make.baseline(), whose or Whose(), NOW)


def shown(found: Saved) -> dict[str, int]:
    return {line.kind.code: line.shown for line in found.lines}


def ready(school: School, **columns: object) -> Device:
    return make.device(school, last_check_in_at=AFTER, **columns)


def test_computer_with_all_of_the_terms_software_was_not_collected() -> None:
    school = make.school()
    done, half, set_up_anew, tried_anew = (ready(school) for _ in range(4))
    Device.objects.filter(pk=set_up_anew.pk).update(enrolled_at=WRITTEN + timedelta(hours=1))
    tried_anew.enrolment_attempts.create(started_at=WRITTEN + timedelta(hours=1))
    _decision, change = carried(done, half, set_up_anew, tried_anew, decision=committees())
    for device in (done, set_up_anew, tried_anew):
        make.install_status(device, change.app_version, "installed", reported_at=AFTER)

    found = saved()

    assert shown(found)["with_the_term"] == 1
    assert found.hours == Decimal("2.1") / 60
    kind, period = KINDS["with_the_term"], Period.of(make.baseline(), NOW)
    assert list(computers(kind, period, Whose())) == [done]


def test_no_more_are_counted_than_were_collected_before() -> None:
    school = make.school()
    devices = [ready(school) for _ in range(3)]
    _decision, change = carried(*devices, decision=committees())
    for device in devices:
        make.install_status(device, change.app_version, "installed", reported_at=AFTER)
    change_assumption("collected_per_term", Decimal(2), "Räknat", by=make.person("it_admin"), now=NOW)

    line = next(line for line in saved().lines if line.kind.code == "with_the_term")

    assert (line.shown, line.counted, line.minutes) == (3, 2, Decimal("4.2"))


def test_what_came_between_terms_counts_in_number_and_takes_no_time_by_itself() -> None:
    school = make.school()
    devices = [ready(school) for _ in range(2)]
    for written_at in (NOW - timedelta(hours=3), NOW - timedelta(days=30)):
        _decision, change = carried(*devices, written_at=written_at)
        for device in devices:
            make.install_status(device, change.app_version, "installed", reported_at=NOW)

    found = saved()

    assert shown(found) == {"with_the_term": 0, "between_terms": 2, "remote_reinstalls": 0}
    assert found.hours == 0


def reset(device: Device, status: str = "verified", action: str = "autopilotReset", **columns: object) -> None:
    order = make.action_order(action, device_count=1, status="approved")
    order.devices.set([device])
    epoch = Epoch.objects.first() or Epoch.objects.create(reason="Först", begun_at=NOW)
    Operation.objects.create(
        kind="action",
        order=order,
        device=device,
        epoch=epoch.pk,
        is_destructive=order.is_destructive,
        desired={},
        status=status,
        **{"finished_at": NOW, **columns},
    )


def test_confirmed_resets_of_the_semester_count_and_no_other_action() -> None:
    school, other = make.school(), make.school()
    mine, theirs = ready(school), ready(other)
    reset(mine)
    reset(mine, action="wipe")
    reset(theirs, action="cleanWindowsDevice")
    reset(mine, status="failed")
    reset(mine, action="rebootNow")
    reset(mine, finished_at=NOW - timedelta(days=300))

    assert shown(saved())["remote_reinstalls"] == 3
    person = make.person("school_it", school)
    assert shown(saved(Whose.of(person)))["remote_reinstalls"] == 2
    assert shown(saved(Whose.of(person, other.pk)))["remote_reinstalls"] == 0
    period = Period.of(make.baseline(), NOW)
    assert times_of(KINDS["remote_reinstalls"], period, [mine.pk]) == {mine.pk: (2, NOW)}


def test_semester_lasts_until_midnight_of_its_last_day() -> None:
    period = Period.of(make.baseline("VT", 2027), NOW)

    assert period.starts_at.isoformat() == "2027-01-06T23:00:00+00:00"
    assert period.ends_at.isoformat() == "2027-06-20T22:00:00+00:00"
    assert make.semester("VT", 2027).ends_on == date(2027, 6, 20)


def test_page_leads_from_each_line_to_its_computers(client: Client) -> None:
    device = ready(make.school())
    reset(device)
    client.force_login(make.person("it_admin"))
    ledger = f"/follow-up/{make.baseline().pk}/time-saved/"

    page = client.get(ledger).content.decode()

    for code in KINDS:
        assert f'href="{ledger}{code}/"' in page
    assert str(device) in client.get(f"{ledger}remote_reinstalls/").content.decode()
    assert client.get(f"{ledger}other/").status_code == 404


@pytest.mark.parametrize("role", ["it_admin", "committee"])
def test_script_reads_what_a_year_took_before_and_where_the_evidence_is(client: Client, role: str) -> None:
    token = {"Authorization": f"Bearer {make.api_token(make.person(role))}"}
    baseline = make.baseline()

    said = client.get(f"/api/v1/baselines/{baseline.pk}/time-saved/", headers=token).json()

    assert said["before"] == {
        "collected": 18_000,
        "collecting_hours": "630.00",
        "person_months": "3.94",
        "reinstalls": 400,
        "reinstall_hours": "400.00",
    }
    page = f"http://testserver/follow-up/{baseline.pk}/time-saved/"
    assert {line["kind"]: line["evidence"] for line in said["lines"]} == {
        code: f"{page}{code}/" if role == "it_admin" else "" for code in KINDS
    }
    assert {line["at_most"] for line in said["lines"]} == {kind.at_most or None for kind in KINDS.values()}
    report = client.get(f"/api/v1/baselines/{baseline.pk}/report/", headers=token).json()
    assert report["saved"] == said


def test_assumption_is_changed_on_its_page_and_by_script(client: Client) -> None:
    make.baseline()
    admin = make.person("it_admin")
    client.force_login(admin)

    answer = client.post("/follow-up/assumptions/weeks_a_year/", {"value": "38", "source": "Läsårsdata"})
    refused = client.post("/follow-up/assumptions/weeks_a_year/", {"value": "-3", "source": ""})
    token = {"Authorization": f"Bearer {make.api_token(admin)}"}
    said = Client().post(
        "/api/v1/assumptions/terms_a_year/change/",
        {"value": "2", "source": "Läsår"},
        content_type="application/json",
        headers=token,
    )

    assert (answer.status_code, refused.status_code, said.status_code) == (302, 400, 200)
    assert assumptions()["weeks_a_year"].value == 38
    assert said.json()["changed_by"] == admin.username
    listed = Client().get("/api/v1/assumptions/", headers=token).json()
    assert [each["code"] for each in listed] == list(assumptions())
