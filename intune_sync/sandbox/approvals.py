"""Multi Admin Approval: protected writes wait until a second administrator has agreed.

A write without justification is a 400; with one (base64, at most 1024 characters) it is a 412 whose header
`x-msft-approval-code` names the request that now waits. Once that is approved, the same write again takes effect: with
the code in that header, or with the justification as before.
https://learn.microsoft.com/intune/intune-service/fundamentals/multi-admin-approval
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import orjson

from .chance import guid
from .clock import DAY, Clock, graph_date
from .errors import GraphFault
from .messages import GraphRequest
from .switches import Settings, switch

Json = dict[str, Any]

JUSTIFICATION, CODE = "x-msft-approval-justification", "x-msft-approval-code"
LASTS, MOST_CHARACTERS = 3 * DAY, 1024
MULTI_ADMIN_APPROVAL = switch(
    "multi_admin_approval",
    "off",
    "Which writes wait until a second administrator approves them: those to apps, those to computers, or both.",
    *("off", "apps", "devices", "all"),
)
MULTI_ADMIN_EXCLUDED = switch(
    "multi_admin_excluded", "", "Names of the registrations, with commas between, that need no approval."
)
PROTECTED = {
    "apps": re.compile(r"/deviceAppManagement/mobileApps\b"),
    "devices": re.compile(
        r"/deviceManagement/managedDevices/(executeAction|[^/]+($|/(wipe|retire|cleanWindowsDevice)))"
    ),
}


@dataclass(slots=True)
class Approval:
    id: str
    client_id: str
    method: str
    path: str
    digest: str
    body: Any
    justification: str
    requested_at: float
    status: str = "needsApproval"

    def shown(self) -> Json:
        names = ("id", "client_id", "method", "path", "body", "justification", "status")
        return {name: getattr(self, name) for name in names} | {"requested_at": graph_date(self.requested_at)}


class Approvals:
    def __init__(self, clock: Clock, seed: int, settings: Settings) -> None:
        self.clock, self.seed, self.settings = clock, seed, settings
        self.by_id: dict[str, Approval] = {}
        self.made = 0

    def check(self, request: GraphRequest) -> None:
        """Raises GraphFault unless the write needs no approval or has one, which it then uses up."""
        if not self._protects(request):
            return
        digest = hashlib.sha256(orjson.dumps([request.method, request.path, request.body])).hexdigest()
        code = request.headers.get(CODE)
        found = self.by_id.get(code) if code else self._known(digest)
        if code and (found is None or found.digest != digest):
            raise GraphFault(400, "BadRequest", f"Header '{CODE}' does not belong to this request.")
        if found is None:
            found = self._request(request, digest)
        self._use(found)

    def decide(self, identifier: str, status: str) -> Approval:
        """Raises KeyError for an unknown id, ValueError when it is decided already."""
        found = self.by_id[identifier]
        if self._status(found) != "needsApproval":
            raise ValueError(f"the request is {found.status}")
        found.status = status
        return found

    def _protects(self, request: GraphRequest) -> bool:
        which = self.settings[MULTI_ADMIN_APPROVAL]
        if which == "off" or request.method == "GET":
            return False
        if request.identity in [name.strip() for name in self.settings[MULTI_ADMIN_EXCLUDED].split(",")]:
            return False
        return any(which in (name, "all") and pattern.match(request.path) for name, pattern in PROTECTED.items())

    def _known(self, digest: str) -> Approval | None:
        """The same write's request that still counts."""
        same = (each for each in self.by_id.values() if each.digest == digest)
        return next((each for each in same if self._status(each) in ("needsApproval", "approved")), None)

    def _request(self, request: GraphRequest, digest: str) -> Approval:
        self.made += 1
        made = Approval(
            guid(self.seed, "approval", self.made),
            request.client_id,
            request.method,
            f"/{request.version}{request.path}",
            digest,
            request.body,
            _justification(request),
            self.clock.now(),
        )
        self.by_id[made.id] = made
        return made

    def _use(self, approval: Approval) -> None:
        status = self._status(approval)
        if status == "approved":
            approval.status = "completed"
        elif status == "needsApproval":
            message = "The request has been submitted for approval by another administrator."
            raise GraphFault(412, "BadRequest", message, headers={CODE: approval.id})
        else:
            raise GraphFault(400, "BadRequest", f"The approval request {approval.id} is {status}.")

    def _status(self, approval: Approval) -> str:
        if approval.status == "needsApproval" and self.clock.now() > approval.requested_at + LASTS:
            approval.status = "expired"
        return approval.status


def _justification(request: GraphRequest) -> str:
    text = request.headers.get(JUSTIFICATION, "")
    if not text:
        raise GraphFault(400, "BadRequest", f"Header '{JUSTIFICATION}' is required to request approval.")
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise GraphFault(400, "BadRequest", f"Header '{JUSTIFICATION}' must be Base64 of UTF-8 text.") from error
    if len(decoded) > MOST_CHARACTERS:
        message = f"Decoded content of '{JUSTIFICATION}' header must be no greater than {MOST_CHARACTERS} characters."
        raise GraphFault(400, "BadRequest", message)
    return decoded
