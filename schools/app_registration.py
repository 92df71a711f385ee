"""An app registration in Entra: what it signs in with, and msal over HTTP with the municipality's own authorities.

The rooms above use it as well, for calls that no person makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msal
import requests
from msal.exceptions import MsalError

FAILURES = (requests.RequestException, MsalError, ValueError, OSError)
"""What msal lets through when Entra gives no answer that it can read."""


@dataclass(frozen=True, kw_only=True)
class AppRegistration:
    """`certificate` is the path of a PEM file with certificate and private key; it goes before the secret."""

    authority_url: str
    tenant_id: str
    client_id: str
    secret: str = ""
    certificate: str = ""
    ca_bundle: str = ""

    @property
    def authority(self) -> str:
        return f"{self.authority_url}/{self.tenant_id}"

    def credential(self) -> str | dict[str, str]:
        """What msal wants. Raises OSError."""
        if not self.certificate:
            return self.secret
        pem = Path(self.certificate).read_text()
        return {"private_key": pem, "public_certificate": pem}


class Http:
    """requests as msal calls it. The bundle goes with every call: REQUESTS_CA_BUNDLE overrides a session's.

    `timeout`: seconds to connect, and to wait for what comes next.
    """

    def __init__(self, ca_bundle: str, timeout: tuple[float, float]) -> None:
        self._session = requests.Session()
        self._with: dict[str, Any] = {"verify": ca_bundle or True, "timeout": timeout}

    def get(self, url: str, **options: Any) -> requests.Response:
        return self._session.get(url, **{**options, **self._with})

    def post(self, url: str, **options: Any) -> requests.Response:
        return self._session.post(url, **{**options, **self._with})

    def close(self) -> None:
        self._session.close()


def application(registered: AppRegistration, http: Http, **options: Any) -> msal.ConfidentialClientApplication:
    """Asks Entra to describe itself. Raises FAILURES, and what `credential` raises."""
    return msal.ConfidentialClientApplication(
        registered.client_id,
        client_credential=registered.credential(),
        authority=registered.authority,
        instance_discovery=False,
        http_client=http,
        **options,
    )
