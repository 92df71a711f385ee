"""The control surface of computers: what happens to one of them, what remote actions were queued, and who read its
secrets.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import device_script
from .control_http import json_answer, json_body, refused
from .graph import Graph
from .installs import STATE_NAMES, State


class DeviceControl:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def routes(self) -> list[Route]:
        return [
            Route("/actions", self.actions),
            Route("/secret-reads", self.secret_reads),
            Route("/devices", self.devices, methods=["POST"]),
            Route("/installs", self.installs),
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

    async def installs(self, request: Request) -> Response:
        """Of the app in `app_id`: by Entra object id the computers that have it on the disk or that it concerns, each
        with its state and how often that was tried; as it is, whatever reports say.
        """
        world, app_id = self.graph.world, request.query_params.get("app_id", "")
        installs = world.installs.by_app.get(app_id)
        if installs is None:
            return refused("app_id must be the id of an app")
        return json_answer(
            {
                device.entra_object_id: {
                    "state": STATE_NAMES.get(State(installs.state[device.ordinal])),
                    "present": bool(installs.present[device.ordinal]),
                    "attempts": installs.attempts[device.ordinal],
                }
                for device in world.fleet.devices
                if installs.state[device.ordinal] or installs.present[device.ordinal]
            }
        )
