"""The Graph client against the sandbox over HTTPS, with the faults that the real service shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from intune_sync import graph
from intune_sync.graph import (
    AnswerLost,
    BadRequest,
    BatchRequest,
    Forbidden,
    GraphClient,
    GraphUnavailable,
    NotFound,
    Throttled,
    Unauthenticated,
)
from intune_sync.models import GraphCondition
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
DEVICES = "deviceManagement/managedDevices"


@pytest.fixture
def client(sandbox: SandboxProcess) -> Iterator[GraphClient]:
    with graph.client() as made:
        yield made


def fault(sandbox: SandboxProcess, kind: str, path: str = DEVICES, **more: Any) -> None:
    sandbox.post("/sandbox/faults", {"kind": kind, "match": {"path_contains": path}, **more})


def calls_since(sandbox: SandboxProcess, start: int) -> list[dict[str, Any]]:
    return list(sandbox.get(f"/sandbox/ledger?since={start}"))


def calls_so_far(sandbox: SandboxProcess) -> int:
    return int(sandbox.get("/sandbox/state")["requests"])


def an_app(client: GraphClient) -> str:
    return str(next(client.pages("deviceAppManagement/mobileApps", version="beta"))[0]["id"])


def test_pages_follow_every_next_link(client: GraphClient) -> None:
    pages = list(client.pages(DEVICES, {"$top": "30"}))

    assert len(pages) > 6
    assert len({row["id"] for page in pages for row in page}) == sum(map(len, pages)) >= 190


def test_empty_page_is_not_the_end(client: GraphClient, sandbox: SandboxProcess) -> None:
    whole = sum(map(len, client.pages(DEVICES, {"$top": "50"})))
    fault(sandbox, "empty_page", count=1)

    assert sum(map(len, client.pages(DEVICES, {"$top": "50"}))) == whole


def test_failed_page_raises_and_never_looks_like_the_end(client: GraphClient, sandbox: SandboxProcess) -> None:
    pages = client.pages(DEVICES, {"$top": "50"})
    next(pages)
    fault(sandbox, "status", status=403, count=-1)

    with pytest.raises(Forbidden):
        list(pages)


@pytest.mark.parametrize("retry_after", [0, 0.249, "absent"])
def test_short_throttling_is_waited_out(client: GraphClient, sandbox: SandboxProcess, retry_after: object) -> None:
    fault(sandbox, "throttle", retry_after=retry_after, count=1)

    assert client.get(DEVICES, {"$top": "1"})["value"]
    assert client.usage.throttled == 1


def test_wait_that_intune_names_in_its_message_alone_is_kept(client: GraphClient, sandbox: SandboxProcess) -> None:
    fault(sandbox, "throttle", retry_after="body", seconds=44.5, count=-1)

    with pytest.raises(Throttled) as raised:
        client.get(DEVICES)

    assert raised.value.retry_after == 44.5


def test_long_throttling_is_raised_with_its_wait_and_told_to_the_pages(
    client: GraphClient, sandbox: SandboxProcess
) -> None:
    fault(sandbox, "throttle", retry_after=77.5, count=-1)

    with pytest.raises(Throttled) as raised:
        client.get(DEVICES)

    assert raised.value.transient
    assert raised.value.retry_after == 77.5
    assert GraphCondition.objects.get().throttled_until is not None


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate"])
def test_read_is_repeated_when_no_whole_answer_comes(client: GraphClient, sandbox: SandboxProcess, kind: str) -> None:
    fault(sandbox, kind, count=1)

    assert client.get(DEVICES, {"$top": "3"})["value"]


def test_write_whose_answer_is_lost_is_not_sent_again(client: GraphClient, sandbox: SandboxProcess) -> None:
    app = an_app(client)
    body = {"mobileAppAssignments": sandbox.get("/sandbox/assignments")[app]}
    start = calls_so_far(sandbox)
    fault(sandbox, "drop_after", path="/assign", count=1)

    with pytest.raises(AnswerLost):
        client.post(f"deviceAppManagement/mobileApps/{app}/assign", body, "beta")

    assert len([call for call in calls_since(sandbox, start) if call["method"] == "POST"]) == 1


def test_write_that_met_a_server_error_is_in_doubt(client: GraphClient, sandbox: SandboxProcess) -> None:
    fault(sandbox, "status", path="/assign", status=503, count=1)

    with pytest.raises(AnswerLost):
        client.post(f"deviceAppManagement/mobileApps/{an_app(client)}/assign", {"mobileAppAssignments": []}, "beta")


def test_throttled_write_was_not_taken_and_is_sent_again(client: GraphClient, sandbox: SandboxProcess) -> None:
    app = an_app(client)
    body = {"mobileAppAssignments": sandbox.get("/sandbox/assignments")[app]}
    fault(sandbox, "throttle", path="/assign", retry_after=0, count=1)

    answer = client.post(f"deviceAppManagement/mobileApps/{app}/assign", body, "beta")

    assert answer.status in (200, 204)
    assert answer.request_id


def test_refused_connection_to_a_write_changes_nothing_for_certain(settings: Any, sandbox: SandboxProcess) -> None:
    with graph.client() as client:
        client.get(DEVICES, {"$top": "1"})
        client.url = "https://127.0.0.1:1"

        with pytest.raises(GraphUnavailable):
            client.post("groups", {}, client_request_id="00000000-0000-0000-0000-000000000001")


def test_expired_token_is_renewed_once_in_the_middle_of_paging(client: GraphClient, sandbox: SandboxProcess) -> None:
    pages = client.pages(DEVICES, {"$top": "50"})
    next(pages)
    fault(sandbox, "expire_tokens", path="", count=1)

    assert len(next(pages)) == 50


def test_wrong_secret_is_told_in_microsofts_words(sandbox: SandboxProcess, settings: Any) -> None:
    settings.CLIENT_SECRET = "wrong"

    with graph.client() as client, pytest.raises(Unauthenticated) as raised:
        client.get(DEVICES)

    assert "AADSTS7000215" in raised.value.message


def test_server_that_the_bundle_does_not_vouch_for_is_not_trusted(sandbox: SandboxProcess, settings: Any) -> None:
    settings.GRAPH_CA_BUNDLE = ""

    with graph.client() as client, pytest.raises(GraphUnavailable):
        client.get(DEVICES)


def test_the_bundle_of_the_settings_beats_the_environment(
    sandbox: SandboxProcess, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    with graph.client() as client:
        assert client.get(DEVICES, {"$top": "1"})["value"]


def test_intunes_message_inside_the_message_is_read(client: GraphClient) -> None:
    with pytest.raises(NotFound) as raised:
        client.get(f"{DEVICES}/00000000-0000-0000-0000-00000000beef")

    assert "does not exist" in raised.value.message
    assert "Activity ID" not in raised.value.message
    assert raised.value.request_id


def test_beta_only_path_on_v1_is_refused_for_good(client: GraphClient) -> None:
    with pytest.raises(BadRequest) as raised:
        client.get("deviceManagement/assignmentFilters")

    assert not raised.value.transient


def test_each_call_carries_an_id_of_ours(client: GraphClient, sandbox: SandboxProcess) -> None:
    start = calls_so_far(sandbox)

    client.get(DEVICES, {"$top": "1"})

    assert calls_since(sandbox, start)[-1]["client_request_id"]


def test_batch_sends_twenty_at_a_time_and_gives_each_its_own_outcome(
    client: GraphClient, sandbox: SandboxProcess
) -> None:
    groups = [group["id"] for page in client.pages("groups") for group in page][:25]
    before = client.usage.requests
    requests = [BatchRequest(group, "GET", f"/groups/{group}") for group in groups]
    requests.append(BatchRequest("gone", "GET", "/groups/00000000-0000-0000-0000-00000000beef"))

    answers = client.batch(requests)

    assert client.usage.requests - before == 2
    assert all(answers[group].body["id"] == group for group in groups)
    assert isinstance(answers["gone"].error, NotFound)


def test_batch_sends_throttled_items_again_and_no_others(client: GraphClient, sandbox: SandboxProcess) -> None:
    groups = [group["id"] for page in client.pages("groups") for group in page][:5]
    fault(sandbox, "throttle", path=f"/groups/{groups[2]}", retry_after=0, count=2)
    start = calls_so_far(sandbox)

    answers = client.batch([BatchRequest(group, "GET", f"/groups/{group}") for group in groups])

    assert all(answer.error is None for answer in answers.values())
    inner = [call["path"] for call in calls_since(sandbox, start) if "/groups/" in call["path"]]
    assert len(inner) == 5 + 2


def test_download_needs_no_token_and_is_streamed_to_a_file(client: GraphClient, sandbox: SandboxProcess) -> None:
    body = {"reportName": "AppInstallStatusAggregate", "select": ["ApplicationId"], "format": "csv"}
    job = client.post("deviceManagement/reports/exportJobs", body, is_write=False).body
    while job["status"] != "completed":
        job = client.get(f"deviceManagement/reports/exportJobs/{job['id']}")
    file = io.BytesIO(b"left from an earlier try")

    client.download(job["url"], file)

    assert file.getvalue()[:2] == b"PK"


def test_pages_learn_since_when_graph_is_down_and_that_it_is_back(client: GraphClient, sandbox: SandboxProcess) -> None:
    sandbox.post("/sandbox/faults", {"kind": "down", "retry_after": 0})
    with pytest.raises(GraphUnavailable):
        client.get(DEVICES)
    down_since = GraphCondition.objects.get().down_since
    sandbox.delete("/sandbox/faults")

    client.get(DEVICES, {"$top": "1"})

    assert down_since is not None
    assert GraphCondition.objects.get().down_since is None


def test_certificate_signs_in_instead_of_a_secret(sandbox: SandboxProcess, settings: Any, tmp_path: Path) -> None:
    pem = tmp_path / "portal.pem"
    pem.write_bytes(key_and_certificate())
    settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE = "", str(pem)

    with graph.client() as client:
        assert client.get(DEVICES, {"$top": "1"})["value"]


def test_certificate_that_cannot_be_read_is_said_plainly(sandbox: SandboxProcess, settings: Any) -> None:
    settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE = "", "/nowhere.pem"

    with graph.client() as client, pytest.raises(Unauthenticated) as raised:
        client.get(DEVICES)

    assert "CLIENT_CERTIFICATE" in raised.value.message


def key_and_certificate() -> bytes:
    """As `openssl req -x509 -newkey rsa` writes them into one file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Terminsklar")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form) + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
