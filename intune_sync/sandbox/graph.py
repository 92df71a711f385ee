"""The one dispatch that answers Graph requests, whether they come over HTTP or inside a batch."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import orjson

from . import batch, privileges
from .approvals import Approvals
from .content import Contents
from .delta import Deltas
from .endpoints import ROUTES
from .errors import GraphFault, UnknownSegment, error_body, method_not_allowed
from .faults import PAGE_KINDS, ConnectionCut, FaultRule, Faults, refusal
from .ledger import Ledger
from .messages import GraphRequest, GraphResponse, Json, PageFault
from .paging import Pager
from .people import make_people
from .reports import ExportJobs
from .routing import Route, Router
from .throttle import ENTRA, Throttle
from .tokens import Tokens
from .world import World

log = logging.getLogger("sandbox")

Act = Callable[[GraphRequest], None]


class Graph:
    def __init__(self, world: World, tokens: Tokens, throttle: Throttle, secret: bytes) -> None:
        self.world, self.tokens, self.throttle = world, tokens, throttle
        self.clock = world.clock
        self.ledger = Ledger(world.clock)
        self.faults = Faults(world.seed)
        self.approvals = Approvals(world.clock, world.seed, world.settings)
        self.pager = Pager(world.clock, secret, world.settings)
        self.deltas = Deltas(world, self.pager)
        self.people = make_people(world.tenant, world.seed)
        self.contents = Contents(world.clock, world.seed, secret, world.settings)
        self.export_jobs = ExportJobs(world, secret)
        self.router = Router(ROUTES)
        self.before_request: list[Act] = []
        self.after_answer: list[Act] = []
        world.directory.clock = world.clock

    async def handle(self, request: GraphRequest) -> GraphResponse:
        """The answer. Raises ConnectionCut when a fault says that none arrives."""
        self._recognise(request)
        entry = self.ledger.open(request)
        struck = self.faults.due(request)
        with suppress(GraphFault, KeyError):  # also of a request that a fault keeps from its route
            entry["service"] = self.router.find(request).service
        response = await self._answer(request, struck, entry)
        response = self._told(request, response, struck)
        entry["status"], entry["retry_after"] = response.status, response.headers.get("Retry-After")
        response.headers.setdefault("request-id", request.request_id)
        response.headers["client-request-id"] = request.client_request_id or request.request_id
        for act in list(self.after_answer):
            act(request)
        self._break_answer(response, struck)
        entry["answered"] = True
        return response

    async def _answer(self, request: GraphRequest, struck: list[FaultRule], entry: Json) -> GraphResponse:
        route: Route | None = None
        costs: dict[str, str] = {}
        try:
            for rule in struck:
                await self._strike(rule, request)
            self._authenticate(request)
            if request.is_malformed:
                raise GraphFault(400, "BadRequest", "Unable to read JSON request payload.", plain=True)
            if request.path == "/$batch":
                return await batch.handle(self, request)
            route = self._route(request)
            costs = self.throttle.check(request, route.service)
            privileges.check(request, route)
            self.pager.resume(request)
            self.approvals.check(request)
            for act in list(self.before_request):
                act(request)
            response = route.handler(self, request)
            entry["executed"] = True
            response.headers.update(costs)
            return response
        except GraphFault as fault:
            fault.headers = costs | fault.headers
            return self._refuse(request, fault, intune=route is None or route.service != ENTRA)
        except ConnectionCut:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            unexpected = GraphFault(500, "InternalServerError", "An unexpected error occurred.", plain=True)
            return self._refuse(request, unexpected, intune=False)

    def _route(self, request: GraphRequest) -> Route:
        """Raises GraphFault."""
        try:
            return self.router.find(request)
        except UnknownSegment as fault:
            is_405 = request.batch is not None and self.world.settings[batch.BATCH_UNKNOWN_SEGMENT] == "405"
            raise (method_not_allowed() if is_405 else fault) from None

    async def _strike(self, rule: FaultRule, request: GraphRequest) -> None:
        if rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.kind == "expire_tokens":
            self.tokens.expire_all()
        elif rule.kind == "drop_before":
            raise ConnectionCut
        elif rule.kind in PAGE_KINDS:
            request.page = request.page or PageFault()
            rule.break_page(request.page)
        elif rule.kind != "status_after" and (fault := refusal(rule)):
            raise fault

    def _told(self, request: GraphRequest, response: GraphResponse, struck: list[FaultRule]) -> GraphResponse:
        """What the client hears: of a request that was carried out, perhaps that it was not."""
        faults = [refusal(rule) for rule in struck if rule.kind == "status_after" and response.status < 400]
        return next((self._refuse(request, fault, intune=True) for fault in faults if fault), response)

    def _break_answer(self, response: GraphResponse, struck: list[FaultRule]) -> None:
        kinds = {rule.kind for rule in struck}
        if "drop_after" in kinds:
            raise ConnectionCut
        if "truncate" in kinds:
            raise ConnectionCut(partial=response.body[: len(response.body) // 2])

    def _recognise(self, request: GraphRequest) -> None:
        grant = self.tokens.grant_of(request.headers.get("authorization", ""))
        request.client_id, request.identity, request.roles = grant.client_id, grant.identity, grant.roles

    def _authenticate(self, request: GraphRequest) -> None:
        self._recognise(request)  # anew: a delay may have outlasted the token
        if request.client_id:
            return
        missing = not request.headers.get("authorization")
        message = "Access token is empty." if missing else "Lifetime validation failed, the token is expired."
        raise GraphFault(401, "InvalidAuthenticationToken", message, plain=True)

    def _refuse(self, request: GraphRequest, fault: GraphFault, *, intune: bool) -> GraphResponse:
        body = error_body(
            fault,
            intune=intune,
            at=datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            request_id=request.request_id,
            client_request_id=request.client_request_id or request.request_id,
            url=f"/{request.version}{request.path}",
        )
        return GraphResponse(fault.status, orjson.dumps(body), dict(fault.headers))


def new_request_id() -> str:
    return str(uuid4())
