"""Reports that fail, never end or lack rows, addresses that expire, and reports that come as a stream."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_reports import by_app, finished, rows

STREAM = "deviceManagement/reports/retrieveDeviceAppInstallationStatusReport"


def stream(graph: GraphCaller, version: str = "v1.0", **body: Any) -> Any:
    answer = graph("POST", f"/{version}/{STREAM}", {"filter": f"(ApplicationId eq '{graph.app('7-Zip')}')", **body})
    assert answer.headers["content-type"] == "application/octet-stream"
    return answer.json()


@pytest.mark.parametrize(("switch", "status"), [("export_failed_rate", "failed"), ("export_stuck_rate", "inProgress")])
def test_job_may_fail_or_never_end(graph: GraphCaller, switch: str, status: str) -> None:
    graph.sandbox.post("/sandbox/settings", {switch: 1})
    job = finished(graph, reportName="AppInstallStatusAggregate")

    assert (job["status"], job["url"]) == (status, None)


def test_some_of_the_jobs_fail_by_rate(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"export_failed_rate": 0.5})

    statuses = [finished(graph, reportName="AppInstallStatusAggregate")["status"] for _ in range(12)]
    assert {"failed", "completed"} == set(statuses)


def test_address_expires(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"export_url_seconds": 60})
    job = finished(graph, reportName="AppInstallStatusAggregate")
    assert graph.sandbox.session.get(job["url"], timeout=10).status_code == 200

    graph.sandbox.advance(60)
    assert graph.sandbox.session.get(job["url"], timeout=10).status_code == 403


def test_report_may_lack_rows(graph: GraphCaller) -> None:
    job = finished(graph, **by_app(graph, "7-Zip"))
    whole = len(rows(graph, job))
    graph.sandbox.post("/sandbox/settings", {"export_left_out": 0.5})

    assert 0.3 * whole < len(rows(graph, job)) < 0.7 * whole


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_stream_names_its_columns_and_counts_all_rows(graph: GraphCaller, version: str) -> None:
    report = stream(graph, version, select=["DeviceName", "AppInstallState"], top=5)

    assert [each["Column"] for each in report["Schema"]] == ["DeviceName", "AppInstallState"]
    assert report["Schema"][1]["PropertyType"] == "Int32"
    assert (len(report["Values"]), report["TotalRowCount"] > 200) == (5, True)


def test_stream_is_read_in_pieces_in_the_order_asked(graph: GraphCaller) -> None:
    first, second = (stream(graph, select=["DeviceName"], orderBy=["DeviceName desc"], skip=n, top=3) for n in (0, 3))
    names = [row[0] for row in first["Values"] + second["Values"]]

    assert names == sorted(names, reverse=True)
    assert len(set(names)) == 6


@pytest.mark.parametrize("body", [{}, {"filter": ""}, {"select": ["Colour"]}, {"skip": -1}, {"orderBy": ["Colour"]}])
def test_stream_refuses_what_the_report_does_not_have(graph: GraphCaller, body: Any) -> None:
    whole = {"filter": f"(ApplicationId eq '{graph.app('7-Zip')}')", **body} if body and "filter" not in body else body

    assert graph("POST", f"/v1.0/{STREAM}", whole).status_code == 400


def test_overview_counts_the_devices_of_one_app(graph: GraphCaller) -> None:
    path = "/beta/deviceManagement/reports/getAppStatusOverviewReport"
    app = graph.app("7-Zip")
    report = graph("POST", path, {"filter": f"(ApplicationId eq '{app}')"}).json()

    assert [row[0] for row in report["Values"]] == [app]
    summary = graph("POST", "/beta/deviceManagement/reports/getAppsInstallSummaryReport", {"top": 2}).json()
    assert len(summary["Values"]) == 2
