"""The control surface under `/sandbox/`: what tests and the demo look at and steer; Microsoft has nothing like it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .clock import DAY, graph_date
from .control_devices import DeviceControl
from .control_http import json_answer, json_body, refused
from .control_identity import IdentityControl
from .faults import FaultRule
from .foreign import ForeignAdministrator, OrderRefused
from .graph import Graph
from .heart import Heart
from .sign_in import SignIn

Json = dict[str, Any]

MOST_SECONDS = 400 * DAY


class Control:
    def __init__(self, graph: Graph, heart: Heart) -> None:
        self.graph, self.heart = graph, heart
        self.administrator = ForeignAdministrator(graph)
        world = graph.world
        self.sign_in = SignIn(graph.tokens, graph.people, world.seed, world.settings)

    def routes(self) -> list[Route]:
        return [
            Route("/health", self.health),
            Route("/state", self.state),
            Route("/clock", self.clock, methods=["GET", "POST"]),
            Route("/assignments", self.assignments),
            Route("/ledger", self.ledger, methods=["GET", "DELETE"]),
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/settings", self.settings, methods=["GET", "POST", "DELETE"]),
            Route("/foreign", self.foreign, methods=["POST"]),
            *DeviceControl(self.graph).routes(),
            *IdentityControl(self.graph, self.sign_in).routes(),
        ]

    async def health(self, request: Request) -> Response:
        return json_answer({"status": "ready"})

    async def state(self, request: Request) -> Response:
        world = self.graph.world
        now = world.clock.now()
        return json_answer(
            {
                "seed": world.seed,
                "pace": world.life.pace,
                "clock": graph_date(now),
                "devices": len(world.fleet.devices),
                "managed_devices": len(world.fleet.managed),
                "online_devices": sum(device.is_online(now) for device in world.fleet.devices),
                "groups": len(world.directory.listed),
                "apps": len(world.catalogue.listed()),
                "installs": world.installs.counts(),
                "installing_devices": len(world.life.queues),
                "planned_events": len(world.life.heap),
                "requests": self.graph.ledger.written,
            }
        )

    async def clock(self, request: Request) -> Response:
        """POST `{"advance_seconds": n}` answers when everything due by then has happened."""
        if request.method == "POST":
            body = await json_body(request)
            seconds = body.get("advance_seconds") if isinstance(body, dict) else None
            if not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
                return json_answer({"error": f"advance_seconds must be a number from 0 to {MOST_SECONDS:.0f}"}, 400)
            await self.heart.advance(seconds)
        clock = self.graph.clock
        return json_answer({"now": graph_date(clock.now()), "offset_seconds": clock.offset})

    async def assignments(self, request: Request) -> Response:
        """Every app's assignments as beta has them, by app id."""
        return json_answer({app.id: app.assignments for app in self.graph.world.catalogue.listed()})

    async def ledger(self, request: Request) -> Response:
        ledger, query = self.graph.ledger, request.query_params
        if request.method == "DELETE":
            ledger.clear()
            return Response(status_code=204)
        try:
            return json_answer(ledger.listed(query))
        except ValueError as error:
            return refused(str(error))

    async def faults(self, request: Request) -> Response:
        """POST adds rules: a list, or one rule alone."""
        faults = self.graph.faults
        if request.method == "DELETE":
            faults.rules.clear()
            return Response(status_code=204)
        if request.method == "POST":
            body = await json_body(request)
            try:
                rules = [FaultRule.from_json(item) for item in (body if isinstance(body, list) else [body])]
            except (ValueError, TypeError, AttributeError) as error:
                return refused(str(error))
            if any(rule.kind == "expire_tokens" and not rule.match for rule in rules):
                self.graph.tokens.expire_all()
                rules = [rule for rule in rules if rule.kind != "expire_tokens" or rule.match]
            faults.rules += rules
        return json_answer([rule.shown() for rule in faults.rules])

    async def settings(self, request: Request) -> Response:
        """POST `{"name": value}` sets switches, DELETE puts the defaults back; each answers with all of them."""
        settings = self.graph.world.settings
        if request.method == "DELETE":
            settings.reset()
        elif request.method == "POST":
            body = await json_body(request)
            try:
                settings.put(body if isinstance(body, dict) else {"": body})
            except ValueError as error:
                return refused(str(error))
        return json_answer(settings.shown())

    async def foreign(self, request: Request) -> Response:
        """Another administrator writes, at once or `when` a request comes; see `foreign`."""
        body = await json_body(request)
        try:
            done = self.administrator.order(body if isinstance(body, dict) else {})
        except OrderRefused as error:
            return refused(str(error))
        return json_answer(done, 202 if isinstance(done, dict) and "waiting" in done else 200)
