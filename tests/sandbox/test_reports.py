"""Export jobs: ordered, prepared, fetched as a ZIP by a signed address."""

import csv
import io
import zipfile
from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller

JOBS = "/v1.0/deviceManagement/reports/exportJobs"


def order(graph: GraphCaller, **body: Any) -> Any:
    return graph("POST", JOBS, body)


def finished(graph: GraphCaller, **body: Any) -> Any:
    job = order(graph, **body).json()
    graph.sandbox.advance(20)
    return graph("GET", f"{JOBS}/{job['id']}").json()


def rows(graph: GraphCaller, job: Any) -> list[dict[str, str]]:
    answer = graph.sandbox.session.get(job["url"], timeout=10)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{job['id']}.csv"]
        content = archive.read(archive.namelist()[0])
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def by_app(graph: GraphCaller, name: str, **more: Any) -> dict[str, Any]:
    return {"reportName": "DeviceInstallStatusByApp", "filter": f"(ApplicationId eq '{graph.app(name)}')", **more}


def test_job_is_not_started_then_in_progress_then_completed(graph: GraphCaller) -> None:
    job = order(graph, reportName="AppInstallStatusAggregate").json()
    seen = [job["status"]]
    for _ in range(2):
        graph.sandbox.advance(4)
        seen.append(graph("GET", f"{JOBS}/{job['id']}").json()["status"])

    assert seen == ["notStarted", "inProgress", "completed"]
    assert job["url"] is None


def test_job_may_be_ready_at_once(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"export_seconds": 0})
    job = order(graph, reportName="AppInstallStatusAggregate").json()
    graph.sandbox.advance(1)

    assert graph("GET", f"{JOBS}/{job['id']}").json()["status"] == "completed"


def test_report_has_one_row_per_device_and_the_twins_of_states(graph: GraphCaller) -> None:
    columns = ["DeviceId", "AppInstallState", "LastModifiedDateTime"]
    found = rows(graph, finished(graph, **by_app(graph, "Google Chrome", select=columns)))

    assert list(found[0]) == ["DeviceId", "AppInstallState", "AppInstallState_loc", "LastModifiedDateTime"]
    assert len({row["DeviceId"] for row in found}) == len(found) > 250
    assert {(row["AppInstallState"], row["AppInstallState_loc"]) for row in found} >= {
        ("1", "Installed"),
        ("-1", "Not applicable"),
    }


def test_replaced_values_have_no_twin(graph: GraphCaller) -> None:
    body = by_app(graph, "Google Chrome", select=["AppInstallState"], localizationType="replaceLocalizableValues")

    found = rows(graph, finished(graph, **body))
    assert list(found[0]) == ["AppInstallState"]
    assert {row["AppInstallState"] for row in found} >= {"Installed"}


def test_aggregate_agrees_with_the_rows(graph: GraphCaller) -> None:
    app = graph.app("Google Chrome")
    (total,) = [
        row
        for row in rows(graph, finished(graph, reportName="AppInstallStatusAggregate"))
        if row["ApplicationId"] == app
    ]

    states = [row["AppInstallState"] for row in rows(graph, finished(graph, **by_app(graph, "Google Chrome")))]
    assert int(total["InstalledDeviceCount"]) == states.count("1")
    assert int(total["NotApplicableDeviceCount"]) == states.count("-1")


def test_report_can_be_narrowed_to_failures(graph: GraphCaller) -> None:
    body = by_app(graph, "Microsoft 365-appar för företag")
    body["filter"] += " and (AppInstallState eq '2')"

    failures = rows(graph, finished(graph, **body))
    assert {row["AppInstallState"] for row in failures} == {"2"}
    assert all(row["HexErrorCode"].startswith("0x") and row["ErrorCode"] != "0" for row in failures)


@pytest.mark.parametrize(
    "body",
    [
        {"reportName": "Unknown"},
        {"reportName": "DeviceInstallStatusByApp"},
        {"reportName": "AppInstallStatusAggregate", "select": ["Colour"]},
        {"reportName": "AppInstallStatusAggregate", "format": "pdf"},
        {"reportName": "AppInstallStatusAggregate", "filter": "(Colour eq 'red')"},
    ],
    ids=["report", "missing filter", "column", "format", "filter"],
)
def test_order_that_cannot_be_filled_is_refused(graph: GraphCaller, body: dict[str, Any]) -> None:
    assert order(graph, **body).status_code == 400


def test_address_of_the_file_is_its_only_key(graph: GraphCaller) -> None:
    url = finished(graph, reportName="AppInstallStatusAggregate")["url"]
    session = graph.sandbox.session

    assert session.get(url, timeout=10).status_code == 200
    assert session.get(url + "0", timeout=10).status_code == 403
    with_bearer = session.get(url, headers={"Authorization": graph.session.headers["Authorization"]}, timeout=10)
    assert with_bearer.status_code == 400


def test_address_expires(own_sandbox: Any) -> None:
    graph = GraphCaller(own_sandbox(devices=60))
    url = finished(graph, reportName="AppInstallStatusAggregate")["url"]

    graph.sandbox.advance(5 * 3600)
    assert graph.sandbox.session.get(url, timeout=10).status_code == 403
