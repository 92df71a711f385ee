"""Loaded by pytest with `-p`, before pytest-django reads the settings: one PostgreSQL and one Redis-protocol server for
the run and all its xdist workers, unless DATABASE_URL and REDIS_URL name others. Both end with the run."""

import atexit
import os
import shutil
from collections.abc import Generator

import pytest

from scripts.leftovers import owned_temporary_folder, sweep_temporary_folders
from scripts.services import start_postgres, start_redis
from scripts.storage import remove_storage

ENVIRONMENT = {
    "SECRET_KEY": "a key for tests only, as long as a real one has to be",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SITE_URL": "http://testserver",
    "SECURE_COOKIES": "false",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright leaves its event loop in the thread that other tests run in
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """xdist's workers inherit the environment, find both addresses in it and start nothing."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        _start_servers()
    _keep_caches_apart()
    return (yield)


def _keep_caches_apart() -> None:
    """Each xdist worker has a test database of its own; so it gets a Redis database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        address, _slash, _number = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(worker.removeprefix('gw')) + 1}"


def _start_servers() -> None:
    sweep_temporary_folders("test")
    folder, lock = owned_temporary_folder("test")
    atexit.register(lock.close)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for variable, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_redis)):
        if variable not in os.environ:
            storage = folder / start.__name__
            atexit.register(remove_storage, storage)
            service = start(storage, durable=False)
            atexit.register(service.stop)
            os.environ[variable] = service.url
