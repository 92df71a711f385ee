"""An installer on its way into Intune: address, blocks, commit, and what goes wrong with each."""

import base64
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import GraphCaller

APPS = "/v1.0/deviceAppManagement/mobileApps"
INSTALLER = b"x" * 300
WIN32 = {
    "@odata.type": "#microsoft.graph.win32LobApp",
    "displayName": "Ritprogram",
    "publisher": "Ekestad",
    "fileName": "rit.intunewin",
    "setupFilePath": "rit.exe",
    "installCommandLine": "rit.exe /S",
    "uninstallCommandLine": "rit.exe /uninstall /S",
    "minimumSupportedWindowsRelease": "22H2",
}
SECRETS = {name: base64.b64encode(name.encode()).decode() for name in ("encryptionKey", "macKey", "mac", "fileDigest")}
ENCRYPTION = {
    **SECRETS,
    "initializationVector": "AAAA",
    "profileIdentifier": "ProfileVersion1",
    "fileDigestAlgorithm": "SHA256",
}


@pytest.fixture
def tenant(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=60))


def new_file(graph: GraphCaller) -> tuple[str, str, str]:
    """The addresses of an app, of its content's version and of the file in it."""
    made = graph("POST", APPS, WIN32)
    assert (made.status_code, made.json()["publishingState"]) == (201, "notPublished")
    app = f"{APPS}/{made.json()['id']}"
    versions = f"{app}/microsoft.graph.win32LobApp/contentVersions"
    version = f"{versions}/{graph('POST', versions, {}).json()['id']}"
    body = {"name": "rit.intunewin", "size": 280, "sizeEncrypted": len(INSTALLER), "isDependency": False}
    return app, version, f"{version}/files/{graph('POST', f'{version}/files', body).json()['id']}"


def put(graph: GraphCaller, url: str, data: bytes, **query: str) -> requests.Response:
    return graph.sandbox.session.put(url, params=query, data=data, timeout=10)


def uploaded(graph: GraphCaller, file: str) -> None:
    graph.sandbox.advance(5)
    url = graph("GET", file).json()["azureStorageUri"]
    for number in range(3):
        assert put(graph, url, INSTALLER[number::3], comp="block", blockid=str(number)).status_code == 201
    listed = "<BlockList><Latest>0</Latest><Latest>1</Latest><Latest>2</Latest></BlockList>"
    assert put(graph, url, listed.encode(), comp="blocklist").status_code == 201


def committed(graph: GraphCaller, file: str) -> str:
    assert graph("POST", f"{file}/commit", {"fileEncryptionInfo": ENCRYPTION}).status_code == 204
    assert graph("GET", file).json()["uploadState"] == "commitFilePending"
    graph.sandbox.advance(5)
    return str(graph("GET", file).json()["uploadState"])


def test_installer_is_uploaded_committed_and_published(tenant: GraphCaller) -> None:
    app, version, file = new_file(tenant)
    assert tenant("GET", file).json()["uploadState"] == "azureStorageUriRequestPending"
    uploaded(tenant, file)

    assert committed(tenant, file) == "commitFileSuccess"
    body = {"@odata.type": "#microsoft.graph.win32LobApp", "committedContentVersion": version.rpartition("/")[2]}
    assert tenant("PATCH", app, body).json()["publishingState"] == "processing"
    tenant.sandbox.advance(600)
    shown = tenant("GET", app).json()
    assert (shown["publishingState"], shown["minimumSupportedWindowsRelease"]) == ("published", "22H2")


@pytest.mark.parametrize(("end", "state"), [("failed", "commitFileFailed"), ("timedOut", "commitFileTimedOut")])
def test_commit_may_fail(tenant: GraphCaller, end: str, state: str) -> None:
    tenant.sandbox.post("/sandbox/settings", {"content_commit": end})
    app, _, file = new_file(tenant)
    uploaded(tenant, file)

    assert committed(tenant, file) == state
    body = {"@odata.type": "#microsoft.graph.win32LobApp", "committedContentVersion": "1"}
    assert tenant("PATCH", app, body).status_code == 400


def test_commit_of_half_an_upload_fails(tenant: GraphCaller) -> None:
    _, _, file = new_file(tenant)

    assert committed(tenant, file) == "commitFileFailed"


def test_address_expires_until_it_is_renewed(tenant: GraphCaller) -> None:
    _, _, file = new_file(tenant)
    tenant.sandbox.advance(700)
    url = tenant("GET", file).json()["azureStorageUri"]
    assert put(tenant, url, b"x", comp="block", blockid="1").status_code == 403

    assert tenant("POST", f"{file}/renewUpload").status_code == 204
    uploaded(tenant, file)


def test_storage_refuses_a_token_and_an_unknown_block(tenant: GraphCaller) -> None:
    _, _, file = new_file(tenant)
    tenant.sandbox.advance(5)
    url = tenant("GET", file).json()["azureStorageUri"]

    assert put(tenant, url, b"<Latest>nothing</Latest>", comp="blocklist").status_code == 400
    assert tenant.session.put(url, data=b"x", timeout=10).status_code == 400
    assert put(tenant, url.partition("?")[0], b"x", comp="block", blockid="1").status_code == 403


def test_path_of_another_type_is_not_found(tenant: GraphCaller) -> None:
    app, _, _ = new_file(tenant)

    assert tenant("POST", f"{app}/microsoft.graph.macOSDmgApp/contentVersions", {}).status_code == 404
