"""The ASGI application: Entra, Graph, stored reports and the control surface."""

import hmac
import re
from asyncio import Transport
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .control import Control
from .entra_http import EntraEndpoint, base_url
from .faults import ConnectionCut
from .graph import Graph, new_request_id
from .messages import GraphRequest, GraphResponse

TRANSPORT = "sandbox.transport"


class CuttableProtocol(HttpToolsProtocol):
    """Lets the application end the connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    @property
    def is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete


def make_application(graph: Graph, control: Control) -> Starlette:
    storage = ReportStorage(graph)
    return Starlette(
        routes=[
            *EntraEndpoint(graph, control.sign_in).routes(),
            Route("/sandbox-storage/upload/{name}", storage.upload, methods=["PUT"]),
            Route("/sandbox-storage/{name}", storage.download),
            Mount("/sandbox", routes=control.routes()),
            Mount("/v1.0", app=GraphEndpoint(graph, "v1.0")),
            Mount("/beta", app=GraphEndpoint(graph, "beta")),
        ]
    )


class GraphEndpoint:
    def __init__(self, graph: Graph, version: str) -> None:
        self.graph, self.version = graph, version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ConnectionCut as cut:
            await _cut(scope, receive, send, cut)
            return
        headers = {**response.headers, "x-ms-ags-diagnostic": _DIAGNOSTIC}
        content_type = response.content_type if response.body else None
        await Response(response.body, response.status, headers, content_type)(scope, receive, send)

    async def _answer(self, request: Request) -> GraphResponse:
        raw = await request.body()
        graph_request = GraphRequest(
            version=self.version,
            method=request.method,
            path=request.scope["path"].removeprefix(f"/{self.version}").rstrip("/"),
            query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
            headers=request.headers,
            body=None,
            base_url=base_url(request),
            request_id=new_request_id(),
        )
        try:
            graph_request.body = orjson.loads(raw) if raw else None
        except orjson.JSONDecodeError:
            graph_request.is_malformed = True
        return await self.graph.handle(graph_request)


_DIAGNOSTIC = '{"ServerInfo":{"DataCenter":"Sweden Central","Slice":"E","Ring":"4","ScaleUnit":"001"}}'


async def _cut(scope: Scope, receive: Receive, send: Send, cut: ConnectionCut) -> None:
    """Close the connection, after the headers and half the body when the answer is to arrive truncated."""
    transport: Transport = scope["extensions"][TRANSPORT]["transport"]
    if cut.partial is None:
        transport.abort()
    else:
        length = str(2 * len(cut.partial) + 64).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": cut.partial, "more_body": True})
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


class ReportStorage:
    """Stands for the storage account that holds finished exports: the signature in the address is the only key."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    async def download(self, request: Request) -> Response:
        jobs = self.graph.export_jobs
        job = jobs.jobs.get(request.path_params["name"].removesuffix(".zip"))
        if "authorization" in request.headers:
            return _storage_error(400, "InvalidAuthenticationInfo")
        if job is None or not hmac.compare_digest(request.query_params.get("sig", ""), jobs.signature(job)):
            return _storage_error(403, "AuthenticationFailed")
        now = self.graph.clock.now()
        if now > job.expires_at or job.status(now) != "completed":
            return _storage_error(403, "AuthenticationFailed")
        return Response(jobs.archive(job), media_type="application/octet-stream")

    async def upload(self, request: Request) -> Response:
        """A block, or the list of blocks that make the file: `comp` is `block` or `blocklist`, as at Azure."""
        query = request.query_params
        if "authorization" in request.headers:
            return _storage_error(400, "InvalidAuthenticationInfo")
        file = self.graph.contents.accepts(request.path_params["name"], query.get("sig", ""))
        if file is None:
            return _storage_error(403, "AuthenticationFailed")
        body = await request.body()
        if query.get("comp") == "block":
            file.blocks[query.get("blockid", "")] = len(body)
            return Response(status_code=201)
        named = re.findall(r"<(?:Latest|Uncommitted|Committed)>([^<]*)<", body.decode(errors="replace"))
        if query.get("comp") != "blocklist" or any(each not in file.blocks for each in named):
            return _storage_error(400, "InvalidBlockList")
        file.received = sum(file.blocks[each] for each in named)
        return Response(status_code=201)


def _storage_error(status: int, code: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>Refused.</Message></Error>'
    return Response(body, status, media_type="application/xml")
