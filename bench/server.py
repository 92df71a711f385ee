"""A server that answers at once with the files of `recorded`: `python -m bench.server FOLDER PORT PEM`.

It plays the sign-in, the pages, and export jobs that are ready when they are ordered. `POST /bench` sets how: `fleet`
(folder of pages), `pages` ("base" or "changed"), `delay` (seconds before each page), and how many apps have a report
(`reports`) with how many computers in its summary (`installed`).
"""

from __future__ import annotations

import asyncio
import io
import sys
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn

from bench.ids import app_id, number_of

Json = dict[str, Any]
Send = Callable[[Json], Awaitable[None]]
Receive = Callable[[], Awaitable[Json]]
_SUMMARY = "AppInstallStatusAggregate"
_SUMMARY_HEADER = (
    "ApplicationId,InstalledDeviceCount,FailedDeviceCount,PendingInstallDeviceCount,"
    "NotApplicableDeviceCount,NotInstalledDeviceCount\r\n"
)


class Answers:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.how: Json = {"fleet": "", "pages": "base", "delay": 0.0, "installed": 0, "reports": 0}

    async def __call__(self, scope: Json, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, query = scope["path"], parse_qs(scope["query_string"].decode(), keep_blank_values=True)
        body, kind = b"", b"application/json"
        if scope["method"] == "POST":
            asked = await _body(receive)
            body = self._posted(path, asked)
        elif path.startswith("/files/"):
            body, kind = self._file(path.rsplit("/", 1)[1]), b"application/octet-stream"
        elif path.endswith("/openid-configuration"):
            body = self._openid()
        else:
            await asyncio.sleep(self.how["delay"])
            body = self._page(path, query)
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _page(self, path: str, query: dict[str, list[str]]) -> bytes:
        resource = "autopilot" if path.endswith("windowsAutopilotDeviceIdentities") else "devices"
        pages = self.how["pages"] if resource == "devices" else "base"
        pages = "window" if "$filter" in query or "window" in query else pages
        number = query.get("$skiptoken", ["0"])[0]
        return self._path(pages, resource, number).read_bytes()

    def _posted(self, path: str, asked: bytes) -> bytes:
        if path == "/bench":
            self.how.update(orjson.loads(asked))
            return b"{}"
        if path.endswith("/token"):
            return orjson.dumps({"token_type": "Bearer", "expires_in": 36_000, "access_token": "bench"})
        return orjson.dumps({"responses": [self._batched(each) for each in orjson.loads(asked)["requests"]]})

    def _batched(self, asked: Json) -> Json:
        if asked["method"] == "POST":
            body = asked["body"]
            summary = body["reportName"] == _SUMMARY
            number = "summary" if summary else str(number_of(body["filter"].split("'")[1]))
            return {"id": asked["id"], "status": 201, "body": {"id": number, "status": "notStarted"}}
        number = asked["url"].rsplit("/", 1)[1]
        body = {"id": number, "status": "completed", "url": f"{self.url}/files/{number}"}
        return {"id": asked["id"], "status": 200, "body": body}

    def _file(self, number: str) -> bytes:
        if number == "summary":
            return _summary(self.how["reports"], self.how["installed"])
        return self._path("reports", f"{number}.zip").read_bytes()

    def _path(self, *parts: str) -> Path:
        return self.folder.joinpath(self.how["fleet"], *parts)

    def _openid(self) -> bytes:
        tenant = f"{self.url}/tenant"
        return orjson.dumps(
            {
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
            }
        )


def _summary(apps: int, installed: int) -> bytes:
    """`installed` in each app: another number makes the portal read all reports again."""
    rows = "".join(f"{app_id(number)},{installed},0,0,0,0\r\n" for number in range(apps))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("summary.csv", _SUMMARY_HEADER + rows)
    return packed.getvalue()


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def main() -> None:
    folder, port, pem = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    answers: Any = Answers(folder, f"https://127.0.0.1:{port}")
    uvicorn.run(answers, host="127.0.0.1", port=port, ssl_certfile=pem, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
