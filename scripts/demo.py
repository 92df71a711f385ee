"""The whole portal on this machine with a municipality to try it on: `make demo`, stopped with Ctrl-C.

Data, logs and `demo.json` (addresses, accounts, process ids: for scripts) are in DATA_DIR and stay for the next start.
"""

import argparse
import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from rich.table import Table

from scripts.children import Child, ChildFailed, run_child, start_child, stop_children, wait_until
from scripts.commands import command
from scripts.demo_environment import (
    demo_password,
    portal_address,
    portal_environment,
    sandbox_environment,
    write_privately,
)
from scripts.demo_folder import FolderInUse, demo_folder, forget
from scripts.graph_sandbox import answers, register_sign_in, wait_for_sandbox
from scripts.ports import PortUnusable, require_free_port
from scripts.progress import console, step
from scripts.server_binaries import BinariesMissing
from scripts.services import ServiceFailed, start_postgres, start_redis
from scripts.storage import StorageRefused

PORTAL = ("web", "worker-pull", "worker", "worker-destructive", "worker-default", "beat")
FAILURES = (BinariesMissing, ChildFailed, FolderInUse, PortUnusable, ServiceFailed, StorageRefused)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 60


def main() -> None:
    options = _options()
    data_dir = options.data_dir.resolve()
    for each in SIGNALS:
        signal.signal(each, _interrupt_once)
    try:
        with demo_folder(data_dir):
            if options.reset:
                forget(data_dir)
                console.print(f"The demo's data in {data_dir} is gone.", soft_wrap=True)
                return
            require_free_port(options.port)
            with ExitStack() as cleanup:
                watch(start(cleanup, data_dir, options.port, options.devices))
    except KeyboardInterrupt:
        console.print("Stopped. The data stays for the next `make demo`; `make demo-reset` forgets it.")
    except FAILURES as failure:
        sys.exit(f"The demo stopped. {failure}")


def start(cleanup: ExitStack, data_dir: Path, port: int, devices: int) -> list[Child]:
    """Start everything in order; `cleanup` gets what stops it in the opposite order, however far this comes."""
    logs = data_dir / "log"
    database_url = os.environ.get("DATABASE_URL")
    redis_url = os.environ.get("REDIS_URL")
    running: list[Child] = []
    if not database_url:
        with step("PostgreSQL"):
            service = start_postgres(data_dir / "postgres", durable=True)
            cleanup.callback(service.stop)
            database_url = service.url
            running.append(Child("postgres", service.log, service.process))
    if not redis_url:
        with step("Redis-protocol server"):
            service = start_redis(data_dir / "redis")
            cleanup.callback(service.stop)
            redis_url = service.url
            running.append(Child("redis", service.log, service.process))

    with step(f"Graph sandbox with {devices} computers"):
        sandbox = start_child("sandbox", command("sandbox"), sandbox_environment(data_dir, devices), logs)
        cleanup.callback(stop_children, [sandbox], patience_seconds=4)
        graph = wait_for_sandbox(sandbox, data_dir / "sandbox", READY_SECONDS)
        sign_in = register_sign_in(graph, data_dir / "sandbox", portal_address(port))
    env = portal_environment(data_dir, port, graph, database_url=database_url, redis_url=redis_url, sign_in=sign_in)
    with step("Database tables"):
        run_child("migrate", command("migrate"), env, logs)
    with step("Demo municipality and its first sync"):
        create = ["python", "manage.py", "create_demo", "--json"]
        created = json.loads(run_child("create_demo", create, env | demo_password(data_dir), logs))

    with step("Web server, workers and beat"):
        portal: list[Child] = []
        cleanup.callback(stop_children, portal, patience_seconds=5)
        for name in PORTAL:
            portal.append(start_child(name, command(name), env, logs))
        wait_until(lambda: answers(env["SITE_URL"]), portal[0], seconds=READY_SECONDS)

    running += [sandbox, *portal]
    summary = {
        "url": env["SITE_URL"],
        "api_url": f"{env['SITE_URL']}/api/v1",
        "graph_url": env["GRAPH_URL"],
        "accounts": created["accounts"],
        "api_token": created["api_token"],
        "pids": {child.name: child.process.pid for child in running},
    }
    cleanup.callback((data_dir / "demo.json").unlink, missing_ok=True)
    write_privately(data_dir / "demo.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    welcome(summary, data_dir)
    return running


def watch(running: list[Child]) -> NoReturn:
    """Until Ctrl-C. Raises ChildFailed when one of them ends by itself."""
    while True:
        for child in running:
            child.require_running()
        time.sleep(0.5)


def welcome(summary: dict[str, Any], data_dir: Path) -> None:
    table = Table("Sign in as", "Password", "Role", "School", box=None, pad_edge=False)
    for account in summary["accounts"]:
        table.add_row(account["username"], account["password"], account["role"], account["school"] or "")
    console.print(f"\nTerminsklar is ready: [bold]{summary['url']}[/bold]\n", soft_wrap=True)
    console.print(table)
    console.print(
        "\nThese are local accounts, lower on the sign-in page. The school account above them leads to the stand-in "
        "for Entra, with people to choose from; your browser does not know its certificate and asks whether to go on.",
        soft_wrap=True,
    )
    console.print(
        f"\nFor scripts: {data_dir / 'demo.json'}. Logs: {data_dir / 'log'}. Ctrl-C stops it all.", soft_wrap=True
    )


def _interrupt_once(*_arguments: object) -> NoReturn:
    """The second Ctrl-C of somebody impatient must not leave servers running."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DATA_DIR") or ".demo")
    parser.add_argument("--devices", type=int, default=os.environ.get("DEVICES") or 11_000)
    parser.add_argument("--reset", action="store_true", help="forget the data instead of starting")
    return parser.parse_args()


if __name__ == "__main__":
    main()
