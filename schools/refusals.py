"""The pages (and, under /api/, the JSON) for 400, 403, 404, 500 and 503; `config.urls` names these as its handlers.

They say nothing of the request but what the reader typed themselves, and no personal data.
"""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

CONNECTION_CODES = ("08", "53300", "57P")
"""Connection failures, too many connections, and the server being stopped or started, as PostgreSQL counts them."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"detail": _("The request could not be read.")}, status=400)
    return HttpResponse(render_to_string("400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"detail": str(exception) or _("You may not do this.")}, status=403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"detail": _("Not found.")}, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the error is being handled."""
    if _is_database_away(sys.exc_info()[1]):
        return _unavailable(request)
    if _wants_json(request):
        return JsonResponse({"detail": _("Something went wrong in the portal. It has been logged.")}, status=500)
    return HttpResponse(render_to_string("500.html"), status=500)


def _is_database_away(error: BaseException | None) -> bool:
    """No connection, or one that the server has cut; not a deadlock or a statement that took too long."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code.startswith(CONNECTION_CODES)


def _unavailable(request: HttpRequest) -> HttpResponse:
    if _wants_json(request):
        answer: HttpResponse = JsonResponse(
            {"detail": _("The portal's database does not answer. Try again in a minute.")}, status=503
        )
    else:
        answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = "60"
    return answer


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
