"""The content of an app on its way: a version, its file, an address to upload to, and the commit.

https://learn.microsoft.com/graph/api/resources/intune-apps-mobileappcontentfile
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from .apps import App
from .chance import guid
from .clock import NEVER, Clock, graph_date
from .errors import GraphFault, not_found
from .switches import Settings, switch

Json = dict[str, Any]

CONTENT_SECONDS = switch("content_seconds", 4.0, "How long each step of an app's upload takes at Intune.")
UPLOAD_URL_SECONDS = switch("upload_url_seconds", 600.0, "How long an address to upload an app's content to is good.")
CONTENT_COMMIT = switch("content_commit", "success", "How commits of content end.", "success", "failed", "timedOut")
ENDS = {"success": "commitFileSuccess", "failed": "commitFileFailed", "timedOut": "commitFileTimedOut"}
ENCRYPTION = (
    *("encryptionKey", "macKey", "initializationVector", "mac"),
    *("profileIdentifier", "fileDigest", "fileDigestAlgorithm"),
)


@dataclass(slots=True)
class ContentFile:
    """`step` is what was asked for last, at `asked_at`: an address, a renewed one, or the commit.

    `blocks` are the sizes of uploaded blocks by id, `received` the size of those that were listed in the end.
    """

    id: str
    name: str
    size: int
    size_encrypted: int
    manifest: str | None
    created_at: float
    asked_at: float
    url_until: float
    step: str = "azureStorageUriRequest"
    end: str = "azureStorageUriRequestSuccess"
    blocks: dict[str, int] = field(default_factory=dict)
    received: int = 0


class Contents:
    def __init__(self, clock: Clock, seed: int, secret: bytes, settings: Settings) -> None:
        self.clock, self.seed, self.secret, self.settings = clock, seed, secret, settings
        self.versions: dict[str, list[dict[str, ContentFile]]] = {}
        self.files: dict[str, ContentFile] = {}

    def new_version(self, app: App) -> str:
        versions = self.versions.setdefault(app.id, [])
        versions.append({})
        return str(len(versions))

    def version(self, app: App, number: str) -> dict[str, ContentFile]:
        """The files of a version by id. Raises GraphFault 404."""
        versions = self.versions.get(app.id, [])
        if not number.isdigit() or not 0 < int(number) <= len(versions):
            raise not_found(number)
        return versions[int(number) - 1]

    def add_file(self, app: App, number: str, body: Json) -> ContentFile:
        now, files = self.clock.now(), self.version(app, number)
        identifier = guid(self.seed, "content", app.id, number, len(files))
        size, encrypted = int(body.get("size") or 0), int(body.get("sizeEncrypted") or 0)
        until = now + self._wait() + self.settings[UPLOAD_URL_SECONDS]
        name, manifest = str(body["name"]), body.get("manifest")
        files[identifier] = ContentFile(identifier, name, size, encrypted, manifest, now, now, until)
        self.files[identifier] = files[identifier]
        return files[identifier]

    def renew(self, file: ContentFile) -> None:
        now = self.clock.now()
        file.step, file.end, file.asked_at = "azureStorageUriRenewal", "azureStorageUriRenewalSuccess", now
        file.url_until = now + self._wait() + self.settings[UPLOAD_URL_SECONDS]

    def commit(self, file: ContentFile, info: object) -> None:
        """It fails later when the upload is not whole. Raises GraphFault 400 without what decrypts the file."""
        if not isinstance(info, dict) or any(not info.get(name) for name in ENCRYPTION):
            raise GraphFault(400, "BadRequest", "The property 'fileEncryptionInfo' is incomplete.")
        whole = file.received == file.size_encrypted > 0
        file.step, file.asked_at = "commitFile", self.clock.now()
        file.end = ENDS[self.settings[CONTENT_COMMIT] if whole else "failed"]

    def state(self, file: ContentFile) -> str:
        return file.end if self.clock.now() >= file.asked_at + self._wait() else f"{file.step}Pending"

    def is_committed(self, app: App, number: str) -> bool:
        files = self.version(app, number).values()
        return bool(files) and all(self.state(file) == ENDS["success"] for file in files)

    def signature(self, file: ContentFile) -> str:
        text = f"{file.id}/{int(file.url_until)}"
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def accepts(self, identifier: str, signature: str) -> ContentFile | None:
        """The file to upload to; None when the address is wrong or old."""
        file = self.files.get(identifier)
        if file is None or self.clock.now() > file.url_until:
            return None
        return file if hmac.compare_digest(signature.encode(), self.signature(file).encode()) else None

    def shown(self, file: ContentFile, base_url: str) -> Json:
        state = self.state(file)
        has_url = not state.startswith("azureStorageUriRequestPending")
        url = f"{base_url}/sandbox-storage/upload/{file.id}?sig={self.signature(file)}"
        return {
            "id": file.id,
            "azureStorageUri": url if has_url else None,
            "azureStorageUriExpirationDateTime": graph_date(float(int(file.url_until))) if has_url else NEVER,
            "createdDateTime": graph_date(file.created_at),
            "isCommitted": state == ENDS["success"],
            "isDependency": False,
            "manifest": file.manifest,
            "name": file.name,
            "size": file.size,
            "sizeEncrypted": file.size_encrypted,
            "uploadState": state,
        }

    def _wait(self) -> float:
        return self.settings[CONTENT_SECONDS]
