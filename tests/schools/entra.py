"""A tenant to sign in to: the sandbox as Entra, and a browser without pages that walks through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from tests.sandbox_process import SandboxProcess


@dataclass
class Tenant:
    """The sandbox, with a registration of its own for the portal's sign-in."""

    sandbox: SandboxProcess
    client_id: str
    client_secret: str

    def user(self, local: str, **changes: Any) -> dict[str, Any]:
        """Change or add a person: `roles`, `groups`, `enabled`, `name`."""
        return dict(self.sandbox.post("/sandbox/users", {"user_principal_name": self.name(local), **changes}))

    def name(self, local: str) -> str:
        known = self.sandbox.get("/sandbox/users")[0]["user_principal_name"]
        return f"{local}@{known.partition('@')[2]}"

    def makes(self, id_token: str) -> None:
        self.sandbox.post("/sandbox/settings", {"id_token": id_token})

    def begin(self, client: Client, next_page: str = "") -> str:
        """The address at Entra that the portal sends the browser to."""
        answer = client.get("/login/entra/", {"next": next_page} if next_page else {})
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def pick(self, address: str, local: str) -> str:
        """Sign in there as somebody; the address in the portal that Entra sends the browser back to."""
        answer = self.sandbox.session.get(
            address, params={"login_hint": self.name(local)}, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])

    def sign_in(self, client: Client, local: str, next_page: str = "") -> Any:
        """The whole way; the portal's last answer."""
        return come_back(client, self.pick(self.begin(client, next_page), local))


def come_back(client: Client, address: str, **changes: str) -> Any:
    """Follow Entra's answer into the portal, with some of its parameters changed."""
    parts = urlsplit(address)
    sent = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return client.get(parts.path, {**sent, **changes})


def note(client: Client) -> str:
    """What the sign-in page says, once."""
    return str(client.get("/login/").context["note"])
