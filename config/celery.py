"""The Celery application. Rows in PostgreSQL hold the work; a message only wakes a worker early.

Queues: `pull` reads from Graph, `write` changes things in Intune, `destructive` sends remote actions to computers,
`default` does the rest (the sweep). Each of the first three has an app registration of its own, or may have one.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("terminsklar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
