"""The command line. Every option may also come from the environment: `--state-dir` from SANDBOX_STATE_DIR."""

import argparse
import asyncio
import contextlib
import errno
import gc
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette

from .certificates import server_certificate, server_context
from .chance import guid
from .clock import Clock, parse_date
from .control import Control
from .files import write_private
from .graph import Graph
from .heart import Heart
from .http import CuttableProtocol, make_application
from .snapshot import Snapshot
from .tenant import DEFAULT_FILE, Tenant, load_tenant
from .throttle import Throttle
from .tokens import Tokens
from .world import make_world

log = logging.getLogger("sandbox")


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m intune_sync.sandbox", description="Microsoft's side, in memory.")

    def option(name: str, default: object, text: str, **kind: object) -> None:
        variable = "SANDBOX_" + name.strip("-").replace("-", "_").upper()
        value = os.environ.get(variable, default)
        options.add_argument(name, default=value, help=f"{text} ({variable}; default: {default})", **kind)  # type: ignore[arg-type]

    option("--host", "127.0.0.1", "address to listen on")
    option("--port", 0, "port, 0 for any free one", type=int)
    option("--state-dir", None, "directory for ca.pem, sandbox.json and the snapshot", type=Path)
    option("--tenant", DEFAULT_FILE, "JSON file that describes the tenant", type=Path)
    option("--seed", 1, "number that all chance derives from", type=int)
    option("--devices", 11_000, "how many computers", type=int)
    option("--pace", 1.0, "how many times faster than real the computers live", type=float)
    option("--client-id", None, "application id that may sign in")
    option("--client-secret", None, "its secret; made up and written to sandbox.json when not given")
    option("--client-secret-file", None, "file with its secret", type=Path)
    option("--client-certificate", None, "PEM file with the certificate its assertions are signed with", type=Path)
    option("--throttle", "published", "limits on requests", choices=("published", "off"))
    option("--start-at", None, "instant at which the clock starts, such as 2026-08-17T06:00:00Z")
    option("--log-level", "warning", "how much to log", choices=("debug", "info", "warning", "error"))
    snapshot = os.environ.get("SANDBOX_SNAPSHOT", "") not in ("", "0")
    options.add_argument("--snapshot", action="store_true", default=snapshot, help="keep the state over restarts")
    return options


def main() -> None:
    options = parser().parse_args()
    logging.basicConfig(level=options.log_level.upper(), format="sandbox: %(message)s")
    if options.state_dir is None:
        sys.exit("sandbox: --state-dir (or SANDBOX_STATE_DIR) is needed")
    try:
        tenant = load_tenant(options.tenant)
        listening = _listen(options.host, options.port)
    except ValueError as error:
        sys.exit(f"sandbox: {error}")
    options.state_dir.mkdir(parents=True, exist_ok=True)
    uvloop.run(_serve(options, tenant, listening))


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ValueError with one clear line when the port is taken."""
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        reason = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise ValueError(f"port {port} on {host} {reason}") from error


async def _serve(options: argparse.Namespace, tenant: Tenant, listening: socket.socket) -> None:
    clock = Clock(parse_date(options.start_at) if options.start_at else None)
    snapshot = Snapshot(options.state_dir, tenant, options.seed, options.devices) if options.snapshot else None
    world = (snapshot and snapshot.load(clock, options.pace)) or make_world(
        tenant, options.seed, options.devices, options.pace, clock
    )
    gc.collect()
    gc.freeze()  # the world stays; a full collection over it would hold up requests
    heart = Heart(world)
    tokens = _tokens(options, tenant, clock)
    graph = Graph(world, tokens, Throttle(clock, options.seed, enabled=options.throttle == "published"), _secret())
    server = _Server(options, make_application(graph, Control(graph, heart)), listening, tokens)
    tasks = [asyncio.create_task(heart.beat_for_ever())]
    if snapshot:
        tasks.append(asyncio.create_task(snapshot.save_for_ever(world)))
    await server.serve(sockets=[listening])
    for task in tasks:
        task.cancel()
    if snapshot:
        snapshot.save(world)


def _secret() -> bytes:
    """Signs next links, stored reports and tokens; a restart makes all of them void."""
    return secrets.token_bytes(32)


def _tokens(options: argparse.Namespace, tenant: Tenant, clock: Clock) -> Tokens:
    secret = options.client_secret
    if options.client_secret_file:
        secret = options.client_secret_file.read_text(encoding="utf-8").strip()
    return Tokens(
        clock=clock,
        seed=options.seed,
        tenant_id=tenant.tenant_id,
        client_id=options.client_id or guid(options.seed, "client"),
        client_secret=secret or secrets.token_urlsafe(24),
        signing_key=_secret(),
        certificate=options.client_certificate.read_text(encoding="utf-8") if options.client_certificate else None,
    )


class _Server(uvicorn.Server):
    """Writes `sandbox.json` and says so once it answers."""

    def __init__(
        self, options: argparse.Namespace, application: Starlette, listening: socket.socket, tokens: Tokens
    ) -> None:
        server_file = server_certificate(options.state_dir)
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
        config.ssl = server_context(server_file)
        super().__init__(config)
        self.options, self.listening, self.tokens = options, listening, tokens

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal only ends the serving: uvicorn would raise it anew, before the snapshot is written."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Idle connections are cut: closing them politely waits for clients that are in no hurry."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, CuttableProtocol) and connection.is_idle:
                connection.transport.abort()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host = self.options.host if self.options.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
        url = f"https://{host}:{self.listening.getsockname()[1]}"
        description = {
            "url": url,
            "pid": os.getpid(),
            "tenant_id": self.tokens.tenant_id,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
        }
        write_private(self.options.state_dir / "sandbox.json", json.dumps(description, indent=2).encode())
        print(f"sandbox: {self.options.devices} computers answer at {url}", flush=True)
