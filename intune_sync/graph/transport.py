"""One HTTP exchange with Graph: no retries, no meaning; what went over the wire and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import uuid4

import orjson
import requests
from requests.auth import AuthBase
from urllib3.exceptions import NewConnectionError

CONNECT_AND_READ_SECONDS = (5, 60)
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Answer:
    """`body` is the decoded JSON, or None for an empty answer."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    client_request_id: str = ""

    @property
    def request_id(self) -> str:
        return self.headers.get("request-id") or ""


class NoAnswer(Exception):
    """`sent` False: the call certainly never reached Graph."""

    def __init__(self, reason: str, *, sent: bool, client_request_id: str = "") -> None:
        super().__init__(reason)
        self.sent = sent
        self.client_request_id = client_request_id


class _Bearer(AuthBase):
    """An `auth` of our own also keeps requests from putting a password of ~/.netrc in place of the token."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    def __init__(self, ca_bundle: str = "") -> None:
        self._session = requests.Session()
        self._verify = ca_bundle or True

    def close(self) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        token: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        client_request_id: str = "",
    ) -> Answer:
        """The answer, whatever its status. Raises NoAnswer when none came, or not the whole of it."""
        client_request_id = client_request_id or str(uuid4())
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                json=json,
                headers={**(headers or {}), "client-request-id": client_request_id},
                auth=_Bearer(token),
                verify=self._verify,
                timeout=CONNECT_AND_READ_SECONDS,
                allow_redirects=False,
            )
            body = orjson.loads(response.content) if response.content else None
        except (requests.RequestException, orjson.JSONDecodeError) as error:
            sent = not (isinstance(error, requests.RequestException) and _never_left(error))
            raise NoAnswer(type(error).__name__, sent=sent, client_request_id=client_request_id) from error
        return Answer(response.status_code, body, response.headers, client_request_id)

    def download(self, url: str, to_file: BinaryIO) -> int:
        """Stream a signed address to a file, without the token (it is refused there). Returns the HTTP status."""
        try:
            with self._session.get(
                url, auth=_Bearer(None), verify=self._verify, timeout=CONNECT_AND_READ_SECONDS, stream=True
            ) as response:
                if response.ok:
                    for chunk in response.iter_content(CHUNK_BYTES):
                        to_file.write(chunk)
                return response.status_code
        except requests.RequestException as error:
            raise NoAnswer(type(error).__name__, sent=True) from error


def _never_left(error: requests.RequestException) -> bool:
    """True when no connection came about. One that broke may have carried the call, also when TLS reports it."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, NewConnectionError) or "CERTIFICATE_VERIFY_FAILED" in str(reason)
