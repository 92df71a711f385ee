"""The Celery application. Rows in PostgreSQL hold the work; a message only wakes a worker early.

Queues: `pull` reads from Graph, `write` changes things in Intune, `destructive` sends remote actions to computers,
`default` does the rest (the sweep). Each of the first three has an app registration of its own, or may have one.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("terminsklar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def act_as_own_identity_only(sender: Any, **_more: object) -> None:
    """Told before the pool is forked."""
    from intune_sync.graph.identities import serve_queues  # noqa: PLC0415  (needs the settings)

    serve_queues(sender.app.amqp.queues.consume_from)
