"""Sign-in of people, as msal asks for it: code and PKCE, ID tokens with app roles, and everything that may be wrong."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import msal
import pytest
import requests

from tests.sandbox_process import SandboxProcess

BACK = "https://portal.example/signed-in"
HINT = "tekniker.gy-tekn@ekestad.example"


@dataclass
class Browser:
    """One that follows no redirect, and msal beside it."""

    sandbox: SandboxProcess

    def __post_init__(self) -> None:
        session = requests.Session()
        session.trust_env, session.verify = False, self.sandbox.ca_path
        self.app = msal.ConfidentialClientApplication(
            self.sandbox.client_id,
            authority=f"{self.sandbox.url}/{self.sandbox.tenant_id}",
            client_credential=self.sandbox.client_secret,
            instance_discovery=False,
            http_client=session,
        )

    def begin(self, **more: Any) -> Any:
        return self.app.initiate_auth_code_flow(["User.Read"], redirect_uri=BACK, **more)

    def go(self, url: str) -> requests.Response:
        return self.sandbox.session.get(url, allow_redirects=False, timeout=10)

    def come_back(self, flow: Any) -> dict[str, str]:
        location = self.go(flow["auth_uri"]).headers["location"]
        assert location.startswith(BACK)
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def sign_in(self, hint: str = HINT) -> Any:
        flow = self.begin(login_hint=hint)
        return self.app.acquire_token_by_auth_code_flow(flow, self.come_back(flow))


@pytest.fixture
def browser(sandbox: SandboxProcess) -> Browser:
    return Browser(sandbox)


def verified(sandbox: SandboxProcess, token: str) -> Any:
    """As a careful client checks it: signature by the published key, issuer, audience and times."""
    root = f"{sandbox.url}/{sandbox.tenant_id}"
    keys = jwt.PyJWKSet.from_dict(sandbox.session.get(f"{root}/discovery/v2.0/keys", timeout=10).json())
    key = keys[jwt.get_unverified_header(token).get("kid", "")]
    return jwt.decode(token, key.key, algorithms=["RS256"], audience=sandbox.client_id, issuer=f"{root}/v2.0", leeway=5)


def test_msal_gets_an_id_token_with_the_roles_of_the_person(sandbox: SandboxProcess, browser: Browser) -> None:
    claims = verified(sandbox, browser.sign_in()["id_token"])

    assert claims["roles"] == ["Portal.SchoolIT", "School.GY-TEKN"]
    assert (claims["tid"], claims["preferred_username"]) == (sandbox.tenant_id, HINT)
    assert {"oid", "nonce", "name", "sub", "iat", "exp", "groups"} <= set(claims)


def test_page_lets_one_pick_a_person_or_turn_back(sandbox: SandboxProcess, browser: Browser) -> None:
    flow = browser.begin()
    assert "ingrid.it@ekestad.example" in browser.go(flow["auth_uri"]).text

    def post(**form: str) -> str:
        answer = sandbox.session.post(flow["auth_uri"], data=form, allow_redirects=False, timeout=10)
        return answer.headers["location"]

    assert "code=" in post(username="ingrid.it@ekestad.example")
    assert "error=access_denied" in post(cancel="1")


def test_code_is_redeemed_once(browser: Browser) -> None:
    flow = browser.begin(login_hint=HINT)
    answer = browser.come_back(flow)
    assert "id_token" in browser.app.acquire_token_by_auth_code_flow(flow, answer)

    again = browser.app.acquire_token_by_auth_code_flow(flow, answer)
    assert (again["error"], "AADSTS54005" in again["error_description"]) == ("invalid_grant", True)


def test_code_of_another_browser_is_refused(browser: Browser) -> None:
    flow, other = browser.begin(login_hint=HINT), browser.begin(login_hint=HINT)
    stolen = {**browser.come_back(other), "state": flow["state"]}

    refused = browser.app.acquire_token_by_auth_code_flow(flow, stolen)
    assert "AADSTS501481" in refused["error_description"]


def test_removed_role_and_disabled_person_show_at_the_next_refresh(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    browser = Browser(sandbox)
    refresh = browser.sign_in()["refresh_token"]

    sandbox.post("/sandbox/users", {"user_principal_name": HINT, "roles": ["Portal.Teacher"]})
    renewed = browser.app.acquire_token_by_refresh_token(refresh, ["User.Read"])
    assert renewed["id_token_claims"]["roles"] == ["Portal.Teacher"]

    sandbox.post("/sandbox/users", {"user_principal_name": HINT, "enabled": False})
    assert (
        "AADSTS50057" in browser.app.acquire_token_by_refresh_token(renewed["refresh_token"], [])["error_description"]
    )
    assert "AADSTS50057" in browser.go(browser.begin(login_hint=HINT)["auth_uri"]).text


@pytest.mark.parametrize(
    "wrong", ["wrong_issuer", "wrong_audience", "expired", "not_yet", "other_tenant", "wrong_key", "unsigned"]
)
def test_careful_client_refuses_each_wrong_id_token(sandbox: SandboxProcess, wrong: str) -> None:
    browser = Browser(sandbox)
    sandbox.post("/sandbox/settings", {"id_token": wrong})
    flow = browser.begin(login_hint=HINT)
    form = {
        "grant_type": "authorization_code",
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "redirect_uri": BACK,
        "code": browser.come_back(flow)["code"],
        "code_verifier": flow["code_verifier"],
    }
    url = f"{sandbox.url}/{sandbox.tenant_id}/oauth2/v2.0/token"
    token = sandbox.session.post(url, data=form, timeout=10).json()["id_token"]

    with pytest.raises((jwt.PyJWTError, KeyError)):
        verified(sandbox, token)


def test_wrong_nonce_is_noticed_by_msal(sandbox: SandboxProcess, browser: Browser) -> None:
    sandbox.post("/sandbox/settings", {"id_token": "wrong_nonce"})

    with pytest.raises(Exception, match="nonce"):
        browser.sign_in()


def test_roles_can_be_missing(sandbox: SandboxProcess, browser: Browser) -> None:
    sandbox.post("/sandbox/settings", {"id_token": "no_roles"})
    assert "roles" not in browser.sign_in()["id_token_claims"]

    sandbox.delete("/sandbox/settings")
    assert "roles" not in browser.sign_in("olle.utan@ekestad.example")["id_token_claims"]


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "ftp://portal.example"},
        {"client_id": "nobody"},
        {"response_type": "token"},
        {"scope": "profile"},
        {"code_challenge_method": "plain", "code_challenge": "x"},
        {"login_hint": "nobody@ekestad.example"},
    ],
)
def test_bad_authorization_request_is_shown_and_not_sent_back(sandbox: SandboxProcess, change: dict[str, str]) -> None:
    asked = {"client_id": sandbox.client_id, "response_type": "code", "redirect_uri": BACK, "scope": "openid"}
    url = f"{sandbox.url}/{sandbox.tenant_id}/oauth2/v2.0/authorize"
    answer = sandbox.session.get(url, params={**asked, **change}, allow_redirects=False, timeout=10)

    assert answer.status_code == 400
    assert "AADSTS" in answer.text


def test_only_registered_addresses_get_a_code(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    sandbox.post("/sandbox/registrations", {"name": "single", "redirect_uris": ["https://other.example/"]})

    assert "AADSTS50011" in Browser(sandbox).go(Browser(sandbox).begin(login_hint=HINT)["auth_uri"]).text


def test_signing_out_leads_back(sandbox: SandboxProcess) -> None:
    url = f"{sandbox.url}/{sandbox.tenant_id}/oauth2/v2.0/logout?post_logout_redirect_uri=https://portal.example/"
    answer = sandbox.session.get(url, allow_redirects=False, timeout=10)

    assert (answer.status_code, answer.headers["location"]) == (302, "https://portal.example/")
