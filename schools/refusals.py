"""The pages (and, under /api/, the JSON) for 400, 403, 404 and 500; `config.urls` names these as its handlers.

They say nothing of the request but what the reader typed themselves, and no personal data.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults


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
    if _wants_json(request):
        return JsonResponse({"detail": _("Something went wrong in the portal. It has been logged.")}, status=500)
    return HttpResponse(render_to_string("500.html"), status=500)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
