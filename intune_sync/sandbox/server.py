"""The process around the application: TLS, signals, the background tasks, and the file that says where it answers."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from .certificates import server_certificate, server_context
from .files import write_private
from .heart import Heart
from .http import CuttableProtocol
from .snapshot import Snapshot
from .tokens import Tokens


class Server(uvicorn.Server):
    def __init__(
        self,
        application: Starlette,
        heart: Heart,
        listening: socket.socket,
        *,
        host: str,
        state_dir: Path,
        snapshot: Snapshot | None,
        tokens: Tokens,
    ) -> None:
        config = uvicorn.Config(
            application,
            http=CuttableProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = server_context(server_certificate(state_dir))
        super().__init__(config)
        self.heart, self.listening, self.snapshot, self.tokens = heart, listening, snapshot, tokens
        self.host = host
        self.description_file = state_dir / "sandbox.json"
        self.description_file.unlink(missing_ok=True)

    async def run_until_told(self) -> None:
        """Serve until SIGTERM or SIGINT, then store the world if it is to be kept."""
        tasks = [asyncio.create_task(self.heart.beat_for_ever())]
        if self.snapshot:
            tasks.append(asyncio.create_task(self.snapshot.save_for_ever(self.heart.world)))
        await self.serve(sockets=[self.listening])
        for task in tasks:
            task.cancel()
        self.description_file.unlink(missing_ok=True)
        if self.snapshot:
            self.snapshot.save(self.heart.world)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal only ends the serving: uvicorn would raise it anew, before the world is stored."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        url = f"https://{host}:{self.listening.getsockname()[1]}"
        description = {
            "url": url,
            "pid": os.getpid(),
            "tenant_id": self.tokens.tenant_id,
            "client_id": self.tokens.main.client_id,
            "client_secret": self.tokens.main.client_secret,
            "registrations": {
                each.name: {"client_id": each.client_id, "client_secret": each.client_secret}
                for each in self.tokens.registrations
            },
        }
        write_private(self.description_file, json.dumps(description, indent=2).encode())
        print(f"sandbox: {len(self.heart.world.fleet.devices)} computers answer at {url}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Idle connections are cut: closing them politely waits for clients that are in no hurry."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, CuttableProtocol) and connection.is_idle:
                connection.transport.abort()
        await super().shutdown(sockets)
