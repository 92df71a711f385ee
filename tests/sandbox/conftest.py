"""One sandbox for the tests that only read or that put back what they change, and a client that checks the contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract import CONTRACT_DIR, FILES, validate_response
from tests.sandbox_process import SandboxProcess, start_sandbox

CHECKED = all((CONTRACT_DIR / name).exists() for name in FILES.values())


class GraphCaller:
    """Calls Graph with a token; every answer is checked against Microsoft's description where that is at hand."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = sandbox.ca_path
        self.sign_in()

    def sign_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.sandbox.token()}"

    def live(self, seconds: float) -> None:
        """Let the sandbox live through `seconds`; the token may have expired by then."""
        self.sandbox.advance(seconds)
        self.sign_in()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = path if path.startswith("https:") else self.sandbox.url + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.session.request(method, url, json=body, headers=named, timeout=30)
        if CHECKED and "Resource not found for the segment" not in answer.text:
            validate_response(method, url, answer.status_code, _content(answer), request_body=body)
        return answer

    def pages(self, path: str) -> list[Any]:
        """All items of a list, following its links."""
        items: list[Any] = []
        url: str | None = path
        while url:
            page = self("GET", url).json()
            items += page["value"]
            url = page.get("@odata.nextLink")
        return items

    def app(self, name: str) -> str:
        """The id of the app of that name."""
        apps = self.pages("/beta/deviceAppManagement/mobileApps?$select=id,displayName")
        return str(next(app["id"] for app in apps if app["displayName"] == name))

    def group(self, nickname: str) -> str:
        groups = self("GET", f"/v1.0/groups?$filter=mailNickname eq '{nickname}'").json()["value"]
        return str(groups[0]["id"])


def _content(answer: requests.Response) -> Any:
    if not answer.content:
        return None
    is_json = "json" in answer.headers.get("content-type", "")
    return answer.json() if is_json or answer.text.isdigit() else answer.text


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox") / "state", devices=300)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(shared_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The shared sandbox without faults and with the assignments it began with."""
    before = shared_sandbox.get("/sandbox/assignments")
    yield shared_sandbox
    shared_sandbox.delete("/sandbox/faults")
    shared_sandbox.delete("/sandbox/settings")
    shared_sandbox.delete("/sandbox/approvals")
    for app_id, assignments in shared_sandbox.get("/sandbox/assignments").items():
        if assignments != before[app_id]:
            shared_sandbox.post("/sandbox/foreign", {"app_id": app_id, "assignments": before[app_id]})


@pytest.fixture
def graph(sandbox: SandboxProcess) -> GraphCaller:
    return GraphCaller(sandbox)


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Any]:
    """Starts sandboxes with options of the test's own, and stops them."""
    started: list[SandboxProcess] = []

    def start(name: str = "state", **options: Any) -> SandboxProcess:
        started.append(start_sandbox(tmp_path / name, **options))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()
