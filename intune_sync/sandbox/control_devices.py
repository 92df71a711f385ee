"""The control surface of computers: what happens to one of them, what remote actions were queued, and who read its
secrets.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import device_script
from .control_http import json_answer, json_body, refused
from .graph import Graph


class DeviceControl:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def routes(self) -> list[Route]:
        return [
            Route("/actions", self.actions),
            Route("/secret-reads", self.secret_reads),
            Route("/devices", self.devices, methods=["POST"]),
        ]

    async def actions(self, request: Request) -> Response:
        """Every remote action that was queued, in order, with what became of it."""
        return json_answer([action.shown() for action in self.graph.world.actions.by_id.values()])

    async def secret_reads(self, request: Request) -> Response:
        """Every local password and recovery key that was read, in order; Entra's audit log, which Graph's part here
        lacks.
        """
        return json_answer(list(self.graph.world.audit.secret_reads))

    async def devices(self, request: Request) -> Response:
        """Something happens to one computer: see `device_script.act`."""
        body = await json_body(request)
        try:
            return json_answer(device_script.act(self.graph.world, body if isinstance(body, dict) else {}))
        except ValueError as error:
            return refused(str(error))
