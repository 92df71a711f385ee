"""The command line. Every option may also come from the environment: `--state-dir` from SANDBOX_STATE_DIR."""

import argparse
import errno
import gc
import json
import logging
import os
import secrets
import socket
import sys
from pathlib import Path

import uvloop

from .chance import guid
from .clock import Clock, parse_date
from .control import Control
from .graph import Graph
from .heart import Heart
from .http import make_application
from .registrations import make_registrations
from .server import Server
from .snapshot import Snapshot
from .tenant import DEFAULT_FILE, Tenant, load_tenant
from .throttle import Throttle
from .tokens import Tokens
from .world import make_world


def main() -> None:
    options = parser().parse_args()
    logging.basicConfig(level=options.log_level.upper(), format="sandbox: %(message)s")
    try:
        _check(options)
        listening = _listen(options.host, options.port)
        options.state_dir.mkdir(parents=True, exist_ok=True)
        server = _prepare(options, load_tenant(options.tenant), listening)
    except (OSError, ValueError) as error:
        sys.exit(f"sandbox: {error}")
    uvloop.run(server.run_until_told())


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m intune_sync.sandbox", description="Microsoft's side, in memory.")

    def option(name: str, default: object, text: str, **more: object) -> None:
        variable = "SANDBOX_" + name.strip("-").replace("-", "_").upper()
        value = os.environ.get(variable) or default
        explained = f"{text} ({variable}; default: {default})"
        options.add_argument(name, default=value, help=explained, **more)  # type: ignore[arg-type]

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
    option("--settings", "{}", "switches that are on from the start, as a JSON object")
    option("--log-level", "warning", "how much to log", choices=("debug", "info", "warning", "error"))
    keep = os.environ.get("SANDBOX_SNAPSHOT", "") not in ("", "0")
    options.add_argument("--snapshot", action="store_true", default=keep, help="keep the state over restarts")
    return options


def _check(options: argparse.Namespace) -> None:
    """Raises ValueError for what the option parser lets through."""
    if options.state_dir is None:
        raise ValueError("--state-dir (or SANDBOX_STATE_DIR) is needed")
    if options.pace <= 0:
        raise ValueError("--pace must be greater than 0")
    if options.devices < 0:
        raise ValueError("--devices must not be negative")
    if not 0 <= options.port < 65_536:
        raise ValueError("--port must be between 0 and 65535")


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ValueError with one clear line when the port is taken."""
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        reason = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise ValueError(f"port {port} on {host} {reason}") from error


def _prepare(options: argparse.Namespace, tenant: Tenant, listening: socket.socket) -> Server:
    """The server with its world, made from the seed or restored. Raises ValueError or OSError."""
    clock = Clock(parse_date(options.start_at) if options.start_at else None)
    tokens = _tokens(options, tenant, clock)
    snapshot = Snapshot(options.state_dir, tenant, options.seed, options.devices) if options.snapshot else None
    world = snapshot.load(clock, options.pace) if snapshot else None
    if world is None:
        world = make_world(tenant, options.seed, options.devices, options.pace, clock)
    gc.collect()
    gc.freeze()  # the world stays; a full collection over it would hold up requests
    heart = Heart(world)
    world.settings.start_with({"throttle": options.throttle} | _settings(options))
    throttle = Throttle(clock, options.seed, world.settings, tenant.tenant_id)
    graph = Graph(world, tokens, throttle, secrets.token_bytes(32))
    return Server(
        make_application(graph, Control(graph, heart)),
        heart,
        listening,
        host=options.host,
        state_dir=options.state_dir,
        snapshot=snapshot,
        tokens=tokens,
    )


def _settings(options: argparse.Namespace) -> dict[str, object]:
    """Raises ValueError when the text is not a JSON object."""
    values = json.loads(options.settings)
    if not isinstance(values, dict):
        raise ValueError("--settings must be a JSON object of switches by name")
    return values


def _tokens(options: argparse.Namespace, tenant: Tenant, clock: Clock) -> Tokens:
    secret = options.client_secret
    if options.client_secret_file:
        secret = options.client_secret_file.read_text(encoding="utf-8").strip()
    registrations = make_registrations(
        options.seed,
        options.client_id or guid(options.seed, "client"),
        secret or secrets.token_urlsafe(24),
        options.client_certificate.read_text(encoding="utf-8") if options.client_certificate else None,
    )
    return Tokens(clock, options.seed, tenant.tenant_id, registrations, signing_key=secrets.token_bytes(32))
