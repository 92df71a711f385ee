"""The commands that make up a running portal. The demo starts exactly these, and so does docker-compose.yml; what
differs between the two (addresses, secrets, ports) comes from the environment: docs/configuration.md."""

import shlex
from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "migrate": "python manage.py migrate --no-input",
    # Its address comes from GUNICORN_CMD_ARGS.
    "web": "gunicorn config.wsgi --worker-class gthread --workers 2 --threads 4 --no-control-socket",
    "worker-pull": "celery -A config worker --queues pull --concurrency 1 --hostname pull@%h --loglevel INFO",
    "worker": "celery -A config worker --queues write --concurrency 2 --hostname worker@%h --loglevel INFO",
    "worker-destructive": (
        "celery -A config worker --queues destructive --concurrency 1 --hostname destructive@%h --loglevel INFO"
    ),
    "worker-default": "celery -A config worker --queues default --concurrency 2 --hostname default@%h --loglevel INFO",
    # Its times live in memory: what is due is decided by rows in PostgreSQL, so a restart forgets nothing.
    "beat": "celery -A config beat --scheduler celery.beat:Scheduler --enable-remote-control --loglevel INFO",
    "sandbox": "python -m intune_sync.sandbox",
}


def command(name: str) -> list[str]:
    return shlex.split(COMMANDS[name])
