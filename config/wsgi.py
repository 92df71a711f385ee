import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from intune_sync.graph.identities import serve_queues  # noqa: E402  (needs the settings)

serve_queues(["web"])
