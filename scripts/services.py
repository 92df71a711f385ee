"""Private PostgreSQL and Redis-protocol servers on free ports of the loopback address, each with a password of its own.

`base` is the folder where a server keeps its data, log and password. UNIX only.
"""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg2
import redis
from psycopg2 import sql

from scripts.leftovers import stop_servers_in
from scripts.log_lines import last_lines
from scripts.ports import free_port
from scripts.server_account import drop_privileges, server_account
from scripts.server_binaries import postgres_program, valkey_program
from scripts.storage import make_owned_folder, make_storage

START_SECONDS = 30
PORT_ATTEMPTS = 5
NAME = "terminsklar"  # of the role and its database

NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServiceFailed(Exception):
    """A server did not start; the text ends with the last lines of its log."""


@dataclass(frozen=True)
class Service:
    """A running server: its address with the password, and how it is asked to stop, from polite to final."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]
    stop_signals: tuple[signal.Signals, ...]

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self, patience_seconds: float = 6) -> None:
        for each in (*self.stop_signals, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(each)
            try:
                self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                continue


def start_postgres(base: Path, *, durable: bool, at_port: int | None = None) -> Service:
    """PostgreSQL with an empty database, or the one `base` has from before, even after an unclean end.

    The role in the URL owns the database and may create others (tests do), but is no superuser. Without `durable`
    nothing survives a crash of the machine. `at_port` is that of an earlier start, for clients that know no other.
    Raises ServiceFailed.
    """
    folder = make_storage(base)
    password = _password(folder)
    data = folder / "data"
    stop_servers_in(data)
    if not data.exists():
        _create_cluster(folder, password)
    (data / "postmaster.pid").unlink(missing_ok=True)  # nothing runs in it any more; its pid may be somebody else's

    def start(port: int) -> Service:
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings |= {} if durable else NOT_DURABLE
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        url = f"postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"
        command: list[str | Path] = [postgres_program("postgres"), "-D", data, *options]
        return _launch(command, folder, url, stop_signals=(signal.SIGINT, signal.SIGQUIT))

    return _started(start, lambda service: _ensure_database(service, password), at_port)


def start_redis(base: Path, *, durable: bool = True, at_port: int | None = None) -> Service:
    """Valkey, which speaks the Redis protocol; with `durable` it appends each write to a file. `at_port` is that of an
    earlier start. Raises ServiceFailed."""
    folder = make_storage(base)
    password = _password(folder)
    data = make_owned_folder(folder / "data")
    stop_servers_in(data)

    def start(port: int) -> Service:
        settings = {"port": port, "bind": "127.0.0.1", "requirepass": password, "save": '""', "dir": "."}
        settings |= {"appendonly": "yes" if durable else "no"}
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        # Settings go in by standard input: a command line could be read by everybody on the machine.
        command: list[str | Path] = [valkey_program(), "-"]
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        return _launch(command, folder, url, stop_signals=(signal.SIGTERM,), settings=lines, cwd=data)

    return _started(start, lambda service: redis.Redis.from_url(service.url).ping(), at_port)


def _started(
    start: Callable[[int], Service], connect: Callable[[Service], object], at_port: int | None = None
) -> Service:
    """Another process can take the port between our look and the server's: then once more with another."""
    failure = ServiceFailed()
    for _attempt in range(PORT_ATTEMPTS):
        service = start(at_port or free_port())
        try:
            _wait_for(service, connect)
        except ServiceFailed as error:
            service.stop()
            failure = error
            if "in use" not in str(error):
                break
        except BaseException:
            service.stop()
            raise
        else:
            return service
    raise failure


def _wait_for(service: Service, connect: Callable[[Service], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while service.process.poll() is None and time.monotonic() < deadline:
        try:
            connect(service)
        except (psycopg2.OperationalError, redis.ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise ServiceFailed(f"{service.name} did not start.\n{last_lines(service.log)}")


def _launch(
    command: Sequence[str | Path],
    folder: Path,
    url: str,
    *,
    stop_signals: tuple[signal.Signals, ...],
    settings: str | None = None,
    cwd: Path | None = None,
) -> Service:
    """The server leads its own session, so that Ctrl-C in a terminal reaches only the program that will stop it."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL if settings is None else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd or folder,
            env=_plain_environment(),
            start_new_session=True,
            **drop_privileges(),
        )
    if process.stdin and settings is not None:
        with suppress(BrokenPipeError), process.stdin as pipe:  # one that died at once is found by the wait for it
            pipe.write(settings.encode())
    return Service(Path(command[0]).name, url, log, process, stop_signals)


def _create_cluster(folder: Path, password: str) -> None:
    """Made under another name and renamed, so that a broken-off initdb leaves nothing that looks like data."""
    fresh = folder / "data.new"
    if fresh.exists():
        stop_servers_in(fresh)
        for leftover in sorted(fresh.rglob("*"), reverse=True):
            leftover.rmdir() if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
    make_owned_folder(fresh)
    with NamedTemporaryFile("w", dir=folder) as password_file:
        password_file.write(password)
        password_file.flush()
        if account := server_account():
            os.fchown(password_file.fileno(), account.pw_uid, account.pw_gid)
        command: list[str | Path] = [
            postgres_program("initdb"),
            "-D",
            fresh,
            "-U",
            "postgres",
            f"--pwfile={password_file.name}",
        ]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        result = subprocess.run(
            [*command, "--locale=C", "--no-sync"],
            check=False,
            cwd=folder,
            env=_plain_environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **drop_privileges(),
        )
    if result.returncode:
        raise ServiceFailed(f"PostgreSQL could not lay out its data:\n{result.stdout}")
    fresh.rename(folder / "data")


def _ensure_database(service: Service, password: str) -> None:
    """Connect as the superuser and create the portal's role and database where they are missing."""
    administrator = service.url.replace(f"//{NAME}:", "//postgres:").removesuffix(NAME) + "postgres"
    connection = psycopg2.connect(administrator)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [NAME])
        if not cursor.rowcount:
            create = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
            cursor.execute(create.format(sql.Identifier(NAME), sql.Literal(password)))
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [NAME])
        if not cursor.rowcount:
            cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(NAME)))
    connection.close()


def _password(folder: Path) -> str:
    """The server's password, made once, in a file only its owner reads. The folder is written by nobody else."""
    path = folder / "password"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text()


def _plain_environment() -> Mapping[str, str]:
    """PG* variables of the caller must not reach the server, nor its language its messages."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
