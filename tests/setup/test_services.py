"""The private servers, started and killed for real."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from scripts import ROOT
from scripts.leftovers import owned_temporary_folder, sweep_temporary_folders
from scripts.services import Service, start_postgres, start_redis
from scripts.storage import LIBRARY, make_storage, remove_storage


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path, lock = owned_temporary_folder("services")
    yield path / "with space"
    for server in ("postgres", "redis"):
        remove_storage(path / "with space" / server)
    lock.close()
    sweep_temporary_folders("services")


def query(service: Service, statement: str) -> str:
    with closing(psycopg2.connect(service.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0]) if cursor.description else ""


def test_postgres_keeps_its_data_over_a_restart(folder: Path) -> None:
    first = start_postgres(folder / "postgres", durable=True)
    query(first, "CREATE TABLE kept AS SELECT 'yes' AS word")
    first.stop()

    second = start_postgres(folder / "postgres", durable=True)

    assert query(second, "SELECT word FROM kept") == "yes"
    second.stop()
    assert second.process.poll() == 0


def test_postgres_keeps_its_data_when_it_was_killed(folder: Path) -> None:
    killed = start_postgres(folder / "postgres", durable=True)
    query(killed, "CREATE TABLE survived AS SELECT 'yes' AS word")
    killed.process.kill()
    killed.process.wait()

    again = start_postgres(folder / "postgres", durable=True)

    assert query(again, "SELECT word FROM survived") == "yes"
    again.stop()


def test_postgres_ends_an_orphan_on_its_data_first(folder: Path) -> None:
    orphan = start_postgres(folder / "postgres", durable=True)

    heir = start_postgres(folder / "postgres", durable=True)

    assert orphan.process.wait(1) == 0
    assert query(heir, "SELECT 'there'") == "there"
    heir.stop()


def test_redis_keeps_its_data_over_a_restart(folder: Path) -> None:
    first = start_redis(folder / "redis")
    redis.Redis.from_url(first.url).set("kept", "yes")
    first.stop()

    second = start_redis(folder / "redis")

    assert redis.Redis.from_url(second.url).get("kept") == b"yes"
    second.stop()


def test_the_portals_role_is_no_superuser_and_may_create_test_databases(folder: Path) -> None:
    service = start_postgres(folder / "postgres", durable=False)

    rights = query(service, "SELECT (rolsuper, rolcreatedb)::text FROM pg_roles WHERE rolname = current_user")

    assert rights == "(f,t)"
    service.stop()


def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    database, cache = start_postgres(folder / "postgres", durable=False), start_redis(folder / "redis")

    for role in ("terminsklar", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(f"postgres://{role}@{database.url.split('@')[1]}")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://{cache.url.split('@')[1]}").ping()
    assert not [word for word in cache.process.args + database.process.args if cache.url.split("@")[0][9:] in word]
    database.stop()
    cache.stop()


def test_servers_never_run_as_root(folder: Path) -> None:
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    services = [start_postgres(folder / "postgres", durable=False), start_redis(folder / "redis")]

    accounts = [psutil.Process(service.pid).uids().real for service in services]

    assert accounts == [expected, expected]
    for service in services:
        service.stop()


def test_a_folder_that_the_servers_cannot_reach_is_replaced(tmp_path: Path) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)

    used = make_storage(private / "demo" / "postgres")
    service = start_postgres(private / "demo" / "postgres", durable=False)

    assert used.is_relative_to(LIBRARY if os.geteuid() == 0 else private)
    assert query(service, "SELECT 'there'") == "there"
    remove_storage(private / "demo" / "postgres")
    assert not used.exists()
    assert not psutil.pid_exists(service.pid) or service.process.poll() is not None


def test_what_a_killed_run_left_is_swept(folder: Path) -> None:
    program = """
import os, signal
from scripts.leftovers import owned_temporary_folder
from scripts.services import start_redis
folder, lock = owned_temporary_folder("killed")
print(folder, start_redis(folder / "redis").pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    left, pid = ended.stdout.split()
    assert ended.returncode == -signal.SIGKILL
    assert psutil.pid_exists(int(pid))

    sweep_temporary_folders("killed")

    assert not Path(left).exists()
    assert not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE


def test_a_folder_whose_owner_lives_is_not_swept() -> None:
    path, lock = owned_temporary_folder("living")

    sweep_temporary_folders("living")

    assert path.exists()
    lock.close()
    sweep_temporary_folders("living")
    assert not path.exists()
