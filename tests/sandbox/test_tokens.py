"""Entra's token endpoint as msal uses it, and what Graph says to a bad token."""

from pathlib import Path
from typing import Any

import msal
import pytest
import requests
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

SCOPES = ["https://graph.microsoft.com/.default"]


def sign_in(sandbox: SandboxProcess, credential: Any) -> Any:
    session = requests.Session()
    session.trust_env, session.verify = False, sandbox.ca_path
    application = msal.ConfidentialClientApplication(
        sandbox.client_id,
        authority=f"{sandbox.url}/{sandbox.tenant_id}",
        client_credential=credential,
        instance_discovery=False,
        http_client=session,
    )
    return application.acquire_token_for_client(SCOPES)


def test_msal_gets_a_token_that_graph_accepts(sandbox: SandboxProcess) -> None:
    token = sign_in(sandbox, sandbox.client_secret)["access_token"]

    headers = {"Authorization": f"Bearer {token}"}
    assert sandbox.session.get(f"{sandbox.url}/v1.0/organization", headers=headers, timeout=10).status_code == 200


def test_wrong_secret_is_an_invalid_client(sandbox: SandboxProcess) -> None:
    refusal = sign_in(sandbox, "wrong")

    assert refusal["error"] == "invalid_client"
    assert "AADSTS7000215" in refusal["error_description"]


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic eDp5"])
def test_graph_refuses_a_call_without_a_valid_token(graph: GraphCaller, authorization: str) -> None:
    refusal = graph("GET", "/v1.0/organization", Authorization=authorization)

    assert (refusal.status_code, refusal.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_tokens_can_be_expired_at_once(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "expire_tokens"})
    refused = graph("GET", "/v1.0/organization").status_code

    graph.sign_in()
    assert (refused, graph("GET", "/v1.0/organization").status_code) == (401, 200)


def test_token_lasts_an_hour_of_the_sandbox_clock(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    graph = GraphCaller(sandbox)

    sandbox.advance(3_500)
    assert graph("GET", "/v1.0/organization").status_code == 200
    sandbox.advance(200)
    assert graph("GET", "/v1.0/organization").status_code == 401


def test_assertion_signed_with_the_registered_certificate_is_accepted(own_sandbox: Any, tmp_path: Path) -> None:
    (ours, other) = (
        trustme.CA().issue_cert(name, key_type=trustme.KeyType.RSA) for name in ("portal.example", "other.example")
    )
    registered = tmp_path / "portal.pem"
    registered.write_bytes(ours.cert_chain_pems[0].bytes())
    sandbox = own_sandbox(devices=60, extra=("--client-certificate", str(registered)))

    answers = [sign_in(sandbox, credential(certificate)) for certificate in (ours, other)]
    assert "access_token" in answers[0]
    assert answers[1]["error"] == "invalid_client"


def credential(certificate: trustme.LeafCert) -> dict[str, str]:
    public = certificate.cert_chain_pems[0].bytes().decode()
    thumbprint = x509.load_pem_x509_certificate(public.encode()).fingerprint(hashes.SHA1()).hex()
    key = certificate.private_key_pem.bytes().decode()
    return {"private_key": key, "thumbprint": thumbprint, "public_certificate": public}
